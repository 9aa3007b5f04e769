import { describe, expect, it } from 'vitest';
import { countWithin, EMPTY, laneCells, pixelsOf } from './cells';
import { madeTasks } from './fixture';
import { indexLanes } from './lanes';

const tasks = madeTasks({ lanes: 3, perLane: 200 });
const lanes = indexLanes(tasks);
const length = Math.max(...tasks.end_ms);

describe('laneCells', () => {
  it('paints what brute force over all tasks paints, at every zoom', () => {
    for (const view of [
      { from: 0, to: length },
      { from: length / 3, to: length / 2 },
      { from: 500, to: 540 },
    ]) {
      lanes.forEach((lane, laneIndex) => {
        const cells = laneCells(lane, tasks, view, 160);
        for (let x = 0; x < 160; x++) {
          const here = tasks.task_id
            .map((_, task) => task)
            .filter((task) => tasks.lane[task] === laneIndex)
            .filter((task) => {
              const [left, right] = pixelsOf(tasks, task, view, 160);
              return x >= left && x < right;
            })
            .toSorted(
              (a, b) =>
                Number(tasks.failed[b]) - Number(tasks.failed[a]) ||
                duration(b) - duration(a) ||
                a - b,
            );
          expect(cells[x]).toBe(here[0] ?? EMPTY);
        }
      });
    }
  });

  it('shows every failed task while fewer than one a pixel fail', () => {
    const one = { ...tasks, failed: tasks.failed.map((_, task) => task === 300) };
    const lane = indexLanes(one)[one.lane[300] ?? 0];
    if (!lane) throw new Error('no lane');
    expect([...laneCells(lane, one, { from: 0, to: length }, 20)]).toContain(300);
  });
});

it('gives a task of no length one pixel, also at the edges of the view', () => {
  const point = { ...tasks, start_ms: [100], end_ms: [100] };
  expect(pixelsOf(point, 0, { from: 100, to: 200 }, 50)).toEqual([0, 1]);
  expect(pixelsOf(point, 0, { from: 0, to: 100 }, 50)).toEqual([49, 50]);
  expect(pixelsOf(point, 0, { from: 101, to: 200 }, 50)).toEqual([0, 0]);
});

it('counts every task of the run when all of it is in view', () => {
  expect(countWithin(lanes, tasks, { from: 0, to: length })).toBe(600);
});

function duration(task: number) {
  return (tasks.end_ms[task] ?? 0) - (tasks.start_ms[task] ?? 0);
}
