import { expect, it } from 'vitest';
import { headAndPlan, insideOf } from './executed';
import type { JobDetail } from './types';

it('takes the relation from below what is written', () => {
  const text = 'Write parquet /out (overwrite)\n  Filter amount > 10\n    Read csv /orders.csv\n';
  const command = { node: 'out', text, plan_url: '/api/jobs/a/executed/1', plan_bytes: 120 };
  expect(headAndPlan(command)).toEqual({
    head: 'Write parquet /out (overwrite)',
    plan: 'Filter amount > 10\n  Read csv /orders.csv',
  });
  expect(headAndPlan({ ...command, text: 'Write noop' })).toEqual({ head: 'Write noop', plan: '' });
});

it('says why nothing is known of the inside, of runs on Sail only', () => {
  const detail = { nothing_inside: null } as unknown as JobDetail;
  expect(insideOf(detail)).toBeUndefined();
  const why = 'Sail has no stages';
  expect(insideOf({ ...detail, nothing_inside: why })).toEqual({ why });
});
