import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, assertAccessible, BASE_URL, withPage } from './support.mjs';

test('jobs of a data set are found by their type and opened', async () => {
  const { jobs } = await api(
    '/api/jobs?status=FAILED&sort_by=duration_ms&until=2026-01-02&limit=1',
  );
  const [failed] = jobs;
  assert.ok(failed.job_type, 'the data set has a failed job of some type');
  await withPage({}, async (page) => {
    await page.goto(`${BASE_URL}/jobs`);
    const types = page.getByRole('combobox', { name: 'Type' });
    await types.selectOption(failed.job_type);
    await page.waitForURL((url) => url.searchParams.get('type') === failed.job_type);
    await page.getByRole('searchbox', { name: 'Search jobs' }).fill(failed.job_id);
    const row = page.locator(`tr[data-row="${failed.job_id}"]`);
    await row.waitFor();
    assert.equal(await page.locator('tr[data-row]').count(), 1);
    await row.getByRole('link').first().click();
    await page.waitForURL(`**/jobs/${failed.job_id}`);
    await page.locator('dl[aria-label="Figures of this job"]').waitFor();
    await assertAccessible(page, 'a job of a data set');

    const { operators } = await api(`/api/jobs/${failed.job_id}/operators`);
    await page.goto(`${BASE_URL}/jobs/${failed.job_id}/operators`);
    const rows = page.locator('table[aria-label="Operators"] tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), operators.length);
    const names = await page
      .locator('table[aria-label="Operators"] tbody')
      .evaluate((body) => body.textContent);
    for (const { operator_name: name } of operators) assert.ok(names.includes(name), name);
    await assertAccessible(page, 'operators of a data set');

    const { errors } = await api(`/api/jobs/${failed.job_id}/errors`);
    assert.ok(errors.length > 0, 'a failed job has errors');
    await page.goto(`${BASE_URL}/jobs/${failed.job_id}/errors`);
    const shown = page.locator('.errors');
    await shown.waitFor();
    assert.ok((await shown.textContent()).includes(errors[0].message), errors[0].message);
    await assertAccessible(page, 'errors of a data set');

    // What a data set does not tell has no tab.
    const tabs = page.getByRole('navigation', { name: 'Parts of this job' }).getByRole('link');
    assert.deepEqual(await tabs.allTextContents(), ['Overview', 'Timeline', 'Operators', 'Errors']);
    await page.goto(`${BASE_URL}/jobs/${failed.job_id}/timeline`);
    await rows.first().waitFor();
  });
});
