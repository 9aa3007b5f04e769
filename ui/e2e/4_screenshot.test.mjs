import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { BASE_URL, jobId, withPage } from './support.mjs';

/** The picture for the README: the job page at 1440 x 900. */
test('the job page has its picture taken', async () => {
  const path = resolve(process.env.TINDERBOX_SCREENSHOT ?? 'test-results/job.png');
  mkdirSync(dirname(path), { recursive: true });
  await withPage({ colorScheme: 'light', reducedMotion: 'reduce' }, async (page) => {
    await page.goto(`${BASE_URL}/jobs/${jobId()}`);
    await page.locator('dl[aria-label="Figures of this job"]').waitFor();
    await page.getByRole('heading', { name: 'Stages by task time' }).waitFor();
    await page.locator('.longest li').first().waitFor();
    await page.screenshot({ path });
  });
});
