import type { TimelineTasks } from '@/api/types';
import { at, type Lane, tasksWithin } from './lanes';
import { toX, type Viewport } from './viewport';

/** What a cell holds when no task touches it. */
export const EMPTY = -1;

/**
 * One row of pixels for a lane: for each the position of the task to show there. Of several tasks in one pixel
 * a failed one wins, then the longest, then the first, so that nothing that matters vanishes at any zoom.
 */
export function laneCells(
  lane: Lane,
  tasks: TimelineTasks,
  view: Viewport,
  width: number,
): Int32Array {
  const cells = new Int32Array(width).fill(EMPTY);
  const [begin, end] = tasksWithin(lane, tasks, view.from, view.to);
  for (let index = begin; index < end; index++) {
    const task = at(lane.tasks, index);
    const [left, right] = pixelsOf(tasks, task, view, width);
    for (let x = left; x < right; x++) {
      const shown = at(cells, x);
      if (shown === EMPTY || weighsMore(tasks, task, shown)) cells[x] = task;
    }
  }
  return cells;
}

/** The pixels that a task covers: at least one while it touches the view. */
export function pixelsOf(
  tasks: TimelineTasks,
  task: number,
  view: Viewport,
  width: number,
): [left: number, right: number] {
  const start = at(tasks.start_ms, task);
  const end = at(tasks.end_ms, task);
  if (end < view.from || start > view.to) return [0, 0];
  const left = Math.max(0, Math.floor(toX(view, width, start)));
  const right = Math.min(width, Math.max(left + 1, Math.round(toX(view, width, end))));
  return [Math.min(left, width - 1), Math.max(right, Math.min(left, width - 1) + 1)];
}

/** How many tasks can be seen; the caller paints cells when there are too many for one shape each. */
export function countWithin(lanes: Lane[], tasks: TimelineTasks, view: Viewport): number {
  return lanes.reduce((sum, lane) => {
    const [begin, end] = tasksWithin(lane, tasks, view.from, view.to);
    return sum + end - begin;
  }, 0);
}

function weighsMore(tasks: TimelineTasks, task: number, other: number): boolean {
  const failed = tasks.failed[task] ?? false;
  if (failed !== (tasks.failed[other] ?? false)) return failed;
  return durationOf(tasks, task) > durationOf(tasks, other);
}

function durationOf(tasks: TimelineTasks, task: number): number {
  return at(tasks.end_ms, task) - at(tasks.start_ms, task);
}
