import type { TimelineStage, TimelineTasks } from '@/api/types';

/** The tasks of one lane, ready for searching. Tasks of a lane normally don't overlap; if they do, all are found. */
export interface Lane {
  /** `executor/slot`. */
  name: string;
  /** Positions in the task columns, by start. */
  readonly tasks: Uint32Array;
  /** The latest end among this task and all before it: never falls, so it can be searched. */
  readonly latestEnd: Float64Array;
}

/** A stage bar with the row it was put in. */
export interface StageBar {
  readonly stage: TimelineStage;
  /** End, or the end of the timeline while it runs. */
  readonly end: number;
  readonly row: number;
}

/** Sorts the task columns into lanes. */
export function indexLanes(tasks: TimelineTasks): Lane[] {
  const positions: number[][] = tasks.lanes.map(() => []);
  tasks.lane.forEach((lane, position) => {
    positions[lane]?.push(position);
  });
  return tasks.lanes.map((name, lane) => {
    const sorted = Uint32Array.from(positions[lane] ?? []).sort(
      (a, b) => at(tasks.start_ms, a) - at(tasks.start_ms, b) || a - b,
    );
    const latestEnd = new Float64Array(sorted.length);
    let latest = Number.NEGATIVE_INFINITY;
    sorted.forEach((position, index) => {
      latest = Math.max(latest, at(tasks.end_ms, position));
      latestEnd[index] = latest;
    });
    return { name, tasks: sorted, latestEnd };
  });
}

/**
 * The range of `lane.tasks` that can touch [from, to]: begin inclusive, end exclusive. Only when tasks overlap
 * may the range hold some that end before `from`.
 */
export function tasksWithin(
  lane: Lane,
  tasks: TimelineTasks,
  from: number,
  to: number,
): [begin: number, end: number] {
  const begin = firstIndex(lane.tasks.length, (index) => at(lane.latestEnd, index) >= from);
  const end = firstIndex(
    lane.tasks.length,
    (index) => at(tasks.start_ms, at(lane.tasks, index)) > to,
  );
  return [begin, Math.max(begin, end)];
}

/** Puts stage bars into as few rows as a first fit by start needs, so that none overlap. */
export function packStages(stages: TimelineStage[], lengthMs: number): StageBar[] {
  const rowEnds: number[] = [];
  return [...stages]
    .sort((a, b) => a.start_ms - b.start_ms || a.stage_id - b.stage_id || a.attempt - b.attempt)
    .map((stage) => {
      const end = Math.max(stage.end_ms ?? lengthMs, stage.start_ms);
      let row = rowEnds.findIndex((rowEnd) => rowEnd <= stage.start_ms);
      if (row < 0) row = rowEnds.length;
      rowEnds[row] = end;
      return { stage, end, row };
    });
}

/** Neighboring lanes of one executor. */
export interface LaneGroup {
  executor: string;
  first: number;
  count: number;
}

/** Lanes `executor/slot` by executor, in their order. */
export function groupLanes(names: string[]): LaneGroup[] {
  const groups: LaneGroup[] = [];
  names.forEach((name, lane) => {
    const executor = name.slice(0, Math.max(name.lastIndexOf('/'), 0)) || name;
    const last = groups.at(-1);
    if (last?.executor === executor) last.count += 1;
    else groups.push({ executor, first: lane, count: 1 });
  });
  return groups;
}

/** The element at a position that is known to exist. */
export function at(column: ArrayLike<number>, position: number): number {
  return column[position] ?? Number.NaN;
}

/** The first index for which a condition holds that stays true from there on; `length` when none. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
