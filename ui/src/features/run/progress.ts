import type { JobProgress, StageProgress } from '@/api/types';

/** The whole run's tasks by state. */
export interface TotalProgress {
  planned: number;
  complete: number;
  active: number;
  failed: number;
}

/** Sums over stages; Spark learns of stages as it goes, so `planned` can grow. */
export function totalOf(progress: JobProgress): TotalProgress {
  const sum = (of: (stage: StageProgress) => number) =>
    progress.stages.reduce((total, stage) => total + of(stage), 0);
  return {
    planned: progress.num_planned_tasks,
    complete: sum((stage) => stage.num_complete_tasks),
    active: progress.num_active_tasks,
    failed: sum((stage) => stage.num_failed_tasks),
  };
}

/** Stages worth looking at now: running ones, then waiting ones, then those that ended last. */
export function byInterest(stages: StageProgress[]): StageProgress[] {
  const rank = (stage: StageProgress) => ({ ACTIVE: 0, PENDING: 1 })[stage.status] ?? 2;
  return stages.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (rank(a) === 2 ? b.stage_id - a.stage_id : a.stage_id - b.stage_id) ||
      b.attempt - a.attempt,
  );
}
