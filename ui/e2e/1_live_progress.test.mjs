import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, FINAL_STATES, jobId, until, withPage } from './support.mjs';

/** The figures of the overview, by the API's field names. */
const FACTS = [
  'duration_ms',
  'num_tasks',
  'task_time_ms',
  'gc_time_ms',
  'input_bytes',
  'output_bytes',
  'shuffle_read_bytes',
  'shuffle_write_bytes',
  'disk_spill_bytes',
  'memory_spill_bytes',
];

const WAIT_FOR_END_MS = 10 * 60_000;

test('job page shows live progress change while Spark runs', { timeout: 15 * 60_000 }, async () => {
  const id = jobId();
  await withPage({}, async (page) => {
    await page.goto(`${process.env.TINDERBOX_BASE_URL}/jobs/${id}`);
    const state = () => page.locator('.run-title [data-state]').getAttribute('data-state');
    const complete = () =>
      page.locator('[data-live="complete"]').getAttribute('data-value', { timeout: 1_000 });

    // State is read after the count, so a count that was read with "running" was seen while Spark ran.
    const seen = [];
    await until(
      'the count of completed tasks grows while the job runs',
      async () => {
        const count = Number(await complete().catch(() => Number.NaN));
        const now = await state();
        assert.ok(
          !FINAL_STATES.includes(now),
          `the job ended (${now}) before progress was seen: ${seen}`,
        );
        if (now !== 'running' || Number.isNaN(count)) return undefined;
        if (count !== seen.at(-1)) seen.push(count);
        return seen.length >= 2 && seen.at(-1) > seen[0] ? seen : undefined;
      },
      WAIT_FOR_END_MS,
    );

    await until(
      'the page shows the end of the job',
      async () => (FINAL_STATES.includes(await state()) ? true : undefined),
      WAIT_FOR_END_MS,
    );
    const shown = await until('the figures equal those of the API', async () => {
      const { job } = await api(`/api/jobs/${id}`);
      const figures = await factsOf(page);
      const wanted = Object.fromEntries(FACTS.map((fact) => [fact, job[fact] ?? undefined]));
      return JSON.stringify(figures) === JSON.stringify(wanted) ? figures : undefined;
    });
    assert.ok(shown.num_tasks >= seen.at(-1), 'the final count is not below what was seen before');
  });
});

test('every number of the stage table equals the API', async () => {
  const id = jobId();
  await withPage({}, async (page) => {
    await page.goto(`${process.env.TINDERBOX_BASE_URL}/jobs/${id}/stages`);
    await page.locator('table[aria-label="Stages"] tbody tr').first().waitFor();
    const { stages } = await api(`/api/jobs/${id}/stages`);
    const rows = await page
      .locator('table[aria-label="Stages"] tbody tr')
      .evaluateAll((elements) =>
        elements.map((row) =>
          Object.fromEntries(
            [...row.querySelectorAll('td[data-column]')]
              .map((cell) => [
                cell.dataset.column,
                cell.querySelector('[data-value]')?.dataset.value,
              ])
              .filter(([, value]) => value !== undefined),
          ),
        ),
      );
    assert.equal(rows.length, stages.length);
    for (const [index, stage] of stages.entries()) {
      for (const [field, text] of Object.entries(rows[index])) {
        if (field in stage)
          assert.equal(Number(text), stage[field], `stage ${stage.stage_id} ${field}`);
      }
      assert.ok(Object.keys(rows[index]).length > 12, 'numbers are there to be compared');
    }
  });
});

function factsOf(page) {
  return page.evaluate(
    (facts) =>
      Object.fromEntries(
        facts.map((fact) => {
          const value = document.querySelector(`[data-fact="${fact}"] [data-value]`)?.dataset.value;
          return [fact, value === undefined ? undefined : Number(value)];
        }),
      ),
    FACTS,
  );
}
