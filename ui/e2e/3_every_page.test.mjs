import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertAccessible, BASE_URL, jobId, withPage } from './support.mjs';

/** Tabs, each with something that shows that its content is there. */
const TABS = [
  ['', 'dl[aria-label="Figures of this job"]'],
  ['/stages', 'table[aria-label="Stages"] tbody tr'],
  ['/timeline', 'canvas'],
  ['/timeline?view=table', 'table[aria-label="Tasks"] tbody tr'],
  ['/operators', 'table[aria-label="Operators"], .empty'],
  ['/executors', 'table[aria-label="Executors"] tbody tr'],
  ['/findings', '.finding, .empty'],
  ['/errors', '.errors, .empty'],
  ['/log', '.log-line, .empty'],
  ['/spec', '.source li, .empty'],
  ['/spec?view=pyspark', '.source li, .empty'],
];

for (const colorScheme of ['light', 'dark']) {
  test(`every page renders cleanly and accessibly in ${colorScheme}`, {
    timeout: 240_000,
  }, async () => {
    await withPage({ colorScheme, reducedMotion: 'reduce' }, async (page, complaints) => {
      await page.goto(`${BASE_URL}/jobs`);
      await page.locator('tr[data-row]').first().waitFor();
      await assertAccessible(page, '/jobs');

      for (const [path, content] of TABS) {
        await page.goto(`${BASE_URL}/jobs/${jobId()}${path}`);
        await page.locator(content).first().waitFor();
        assert.equal(await page.locator('.problem').count(), 0, `no problem on ${path}`);
        await assertAccessible(page, path || '/');
        assert.deepEqual(complaints, [], `after ${path || '/'}`);
      }

      await page.goto(`${BASE_URL}/jobs/${jobId()}/stages`);
      await page
        .getByRole('button', { name: /^Details of Stages/ })
        .first()
        .click();
      await page.getByRole('heading', { name: 'Slowest tasks' }).waitFor();
      await assertAccessible(page, 'an opened stage');

      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Command' }).fill('this job: log');
      await assertAccessible(page, 'the command palette');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/log');

      await page.goto(`${BASE_URL}/no/such/page`);
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
      await assertAccessible(page, 'not found');
    });
  });
}

test('a job that does not exist is explained with the words of the server', async () => {
  await withPage({}, async (page, complaints) => {
    await page.goto(`${BASE_URL}/jobs/no-such-job`);
    const problem = page.getByRole('alert');
    await problem.waitFor();
    const answer = await fetch(`${BASE_URL}/api/jobs/no-such-job`);
    const body = await answer.json();
    assert.equal(answer.status, 404);
    assert.ok((await problem.textContent()).includes(body.detail));
    // The browser itself reports the 404 on its console.
    complaints.length = 0;
  });
});

test('the timeline is worked by keys: select, zoom, back to all', async () => {
  const { tasks } = await api(`/api/jobs/${jobId()}/timeline`);
  assert.ok(tasks.task_id.length > 1, 'the run has tasks to walk along');
  await withPage({}, async (page) => {
    await page.goto(`${BASE_URL}/jobs/${jobId()}/timeline`);
    const canvas = page.locator('canvas');
    await canvas.waitFor();
    await canvas.focus();
    const selected = page.locator('.timeline-selected');
    await page.keyboard.press('ArrowRight');
    const first = await selected.textContent();
    assert.match(first, /^Task \d+/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    assert.match(await selected.textContent(), /^Task \d+/);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.has('from') && url.searchParams.has('to'));
    await page.keyboard.press('0');
    await page.waitForURL((url) => !url.searchParams.has('from'));
  });
});
