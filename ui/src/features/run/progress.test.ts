import { expect, it } from 'vitest';
import type { JobProgress, StageProgress } from '@/api/types';
import { byInterest, totalOf } from './progress';

const stage = (stage_id: number, status: string, complete = 0): StageProgress => ({
  stage_id,
  attempt: 0,
  name: '',
  status,
  num_tasks: 10,
  num_active_tasks: 0,
  num_complete_tasks: complete,
  num_failed_tasks: 1,
  executor_run_time_ms: 0,
  shuffle_read_bytes: 0,
  shuffle_write_bytes: 0,
  disk_spill_bytes: 0,
});

it('shows running stages first, then waiting ones, then the newest of those that ended', () => {
  const stages = [
    stage(1, 'COMPLETE'),
    stage(2, 'SKIPPED'),
    stage(3, 'ACTIVE'),
    stage(4, 'PENDING'),
  ];
  expect(byInterest(stages).map((each) => each.stage_id)).toEqual([3, 4, 2, 1]);
});

it('sums tasks over stages', () => {
  const progress = {
    stages: [stage(1, 'COMPLETE', 10), stage(2, 'ACTIVE', 4)],
    num_planned_tasks: 30,
    num_active_tasks: 2,
  } as JobProgress;
  expect(totalOf(progress)).toEqual({ planned: 30, complete: 14, active: 2, failed: 2 });
});
