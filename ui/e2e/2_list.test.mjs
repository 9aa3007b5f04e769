import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, BASE_URL, until, withPage } from './support.mjs';

test('list is filtered, sorted and paged by its controls and its address', async () => {
  await withPage({}, async (page) => {
    await page.goto(`${BASE_URL}/`);
    await page.waitForURL('**/jobs');
    await shows(page, 'sort_by=created_time&sort_order=desc&limit=20&offset=0');

    const { jobs } = await api('/api/jobs?limit=100');
    const word = jobs[0].job_name;
    await page.getByRole('searchbox', { name: 'Search jobs' }).fill(word);
    await page.waitForURL((url) => url.searchParams.get('search') === word);
    const search = `search=${encodeURIComponent(word)}`;
    await shows(page, `${search}&sort_by=created_time&sort_order=desc&limit=20&offset=0`);

    const duration = page.getByRole('columnheader', { name: 'Duration' });
    assert.equal(await duration.getAttribute('aria-sort'), 'none');
    await duration.getByRole('button').click();
    await page.waitForURL((url) => url.searchParams.get('sort') === '-duration_ms');
    assert.equal(await duration.getAttribute('aria-sort'), 'descending');
    await shows(page, `${search}&sort_by=duration_ms&sort_order=desc&limit=20&offset=0`);

    // The address is the view.
    await page.reload();
    await shows(page, `${search}&sort_by=duration_ms&sort_order=desc&limit=20&offset=0`);
    assert.equal(await page.getByRole('searchbox', { name: 'Search jobs' }).inputValue(), word);

    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.waitForURL((url) => !url.searchParams.has('search'));

    await page.getByRole('group', { name: 'States' }).getByRole('button').first().click();
    const states = await until('a state in the address', async () => {
      const chosen = new URL(page.url()).searchParams.getAll('state');
      return chosen.length === 1 ? chosen : undefined;
    });
    await shows(page, `state=${states[0]}&sort_by=duration_ms&sort_order=desc&limit=20&offset=0`);
    await page.getByRole('button', { name: 'Clear filters' }).click();

    await page.getByLabel('Rows').selectOption('10');
    await page.waitForURL((url) => url.searchParams.get('size') === '10');
    const total = await shows(page, 'sort_by=duration_ms&sort_order=desc&limit=10&offset=0');
    const next = page.getByRole('button', { name: 'Next page' });
    assert.equal(await next.isDisabled(), total <= 10);
    if (total > 10) {
      await next.click();
      await page.waitForURL((url) => url.searchParams.get('page') === '2');
      await shows(page, 'sort_by=duration_ms&sort_order=desc&limit=10&offset=10');
    }
  });
});

test('a word that no job has gives a way back', async () => {
  await withPage({}, async (page) => {
    await page.goto(`${BASE_URL}/jobs?search=no-job-is-called-this`);
    await page.getByRole('heading', { name: 'No job matches these filters' }).waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).first().click();
    await page.locator('tr[data-row]').first().waitFor();
    assert.equal(new URL(page.url()).search, '');
  });
});

/** Waits until the table has the rows that the API gives for a query, in that order, and the total. */
async function shows(page, query) {
  let last;
  return until(`rows of ${query}`, async () => {
    const { jobs, pagination } = await api(`/api/jobs?${query}`);
    const rows = await page
      .locator('tr[data-row]')
      .evaluateAll((elements) => elements.map((row) => row.dataset.row));
    last = JSON.stringify(rows);
    if (last !== JSON.stringify(jobs.map((job) => job.job_id))) return undefined;
    const pager = await page.getByRole('navigation', { name: 'Pages of jobs' }).textContent();
    return pager.includes(`of ${pagination.total.toLocaleString('en-US')} jobs`)
      ? pagination.total
      : undefined;
  }).catch((error) => {
    throw new Error(`${error.message}; the page shows ${last}`);
  });
}
