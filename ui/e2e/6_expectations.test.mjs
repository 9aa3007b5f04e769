import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertAccessible, BASE_URL, jobId, withPage } from './support.mjs';

test('a run with expectations has a tab of what came of them, and others have none', async () => {
  const { jobs } = await api('/api/jobs?state=failed&limit=50');
  const failed = jobs.find(({ origin }) => origin === 'launched');
  assert.ok(failed, 'a run failed whose rows were not as expected');
  const { expectations } = await api(`/api/jobs/${failed.job_id}/expectations`);
  assert.deepEqual(
    expectations.map(({ name, status }) => [name, status]),
    [
      ['not_null_age', 'passed'],
      ['grown', 'failed'],
    ],
  );
  await withPage({}, async (page) => {
    await page.goto(`${BASE_URL}/jobs/${failed.job_id}`);
    const tabs = page.getByRole('navigation', { name: 'Parts of this job' });
    await tabs.getByRole('link', { name: 'Expectations 1 not met' }).click();
    await page.waitForURL('**/expectations');
    const rows = page.locator('table[aria-label="Expectations"] tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), expectations.length);
    const grown = page.locator('tr[data-row="customers grown"]');
    const text = await grown.textContent();
    assert.ok(text.includes('Failed') && text.includes('100 %'), text);
    assert.equal(await grown.locator('[data-state="failed"]').count(), 1);
    await page.getByRole('button', { name: 'Result' }).click();
    assert.equal(await rows.first().getAttribute('data-row'), 'customers grown', 'the worst first');
    await assertAccessible(page, 'expectations');

    const answered = page.waitForResponse('**/expectations');
    await page.goto(`${BASE_URL}/jobs/${jobId()}`);
    await (await answered).finished();
    await tabs.getByRole('link', { name: 'Executors' }).waitFor();
    assert.equal(await tabs.getByRole('link', { name: /^Expectations/ }).count(), 0);
    await page.goto(`${BASE_URL}/jobs/${jobId()}/expectations`);
    await page.getByRole('heading', { name: 'No expectation' }).waitFor();
  });
});
