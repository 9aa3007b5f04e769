import type { TimelineTasks } from '@/api/types';
import { at, type Lane, type StageBar, tasksWithin } from './lanes';

/**
 * The task of a lane at a moment, or the nearest within `toleranceMs`: thin bars can be pointed at too.
 * Returns its position in the task columns.
 */
export function taskAt(
  lane: Lane,
  tasks: TimelineTasks,
  ms: number,
  toleranceMs: number,
): number | undefined {
  const [begin, end] = tasksWithin(lane, tasks, ms - toleranceMs, ms + toleranceMs);
  let nearest: number | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (let index = begin; index < end; index++) {
    const task = at(lane.tasks, index);
    const away = Math.max(at(tasks.start_ms, task) - ms, ms - at(tasks.end_ms, task), 0);
    if (away <= toleranceMs && away < distance) {
      nearest = task;
      distance = away;
    }
  }
  return nearest;
}

/** The stage bar of a row at a moment, or the nearest within `toleranceMs`. */
export function stageAt(
  bars: StageBar[],
  row: number,
  ms: number,
  toleranceMs: number,
): StageBar | undefined {
  let nearest: StageBar | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const bar of bars) {
    if (bar.row !== row) continue;
    const away = Math.max(bar.stage.start_ms - ms, ms - bar.end, 0);
    if (away <= toleranceMs && away < distance) {
      nearest = bar;
      distance = away;
    }
  }
  return nearest;
}

/** Where the arrow keys go. */
export type Direction = 'earlier' | 'later' | 'up' | 'down';

/** The next task in a direction: along its lane, or the one nearest in time in the next lane that has any. */
export function neighbor(
  lanes: Lane[],
  tasks: TimelineTasks,
  task: number,
  direction: Direction,
): number {
  const laneIndex = at(tasks.lane, task);
  const lane = lanes[laneIndex];
  if (!lane) return task;
  if (direction === 'earlier' || direction === 'later') {
    const index = lane.tasks.indexOf(task) + (direction === 'later' ? 1 : -1);
    return lane.tasks[index] ?? task;
  }
  const step = direction === 'down' ? 1 : -1;
  const middle = (at(tasks.start_ms, task) + at(tasks.end_ms, task)) / 2;
  for (let next = laneIndex + step; next >= 0 && next < lanes.length; next += step) {
    const other = lanes[next];
    if (!other) break;
    const found = taskAt(other, tasks, middle, Number.POSITIVE_INFINITY);
    if (found !== undefined) return found;
  }
  return task;
}

/** The first task of all by start; where keyboard travel begins. */
export function firstTask(lanes: Lane[], tasks: TimelineTasks): number | undefined {
  let first: number | undefined;
  for (const lane of lanes) {
    const task = lane.tasks[0];
    if (task === undefined) continue;
    if (first === undefined || at(tasks.start_ms, task) < at(tasks.start_ms, first)) first = task;
  }
  return first;
}
