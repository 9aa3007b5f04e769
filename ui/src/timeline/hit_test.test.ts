import { describe, expect, it } from 'vitest';
import { madeTasks } from './fixture';
import { areaAt, layOut, STAGE_HEIGHT } from './geometry';
import { firstTask, neighbor, stageAt, taskAt } from './hit_test';
import { indexLanes, type Lane, packStages } from './lanes';

const tasks = madeTasks({ lanes: 5, perLane: 40 });
const lanes = indexLanes(tasks);
const lane = lanes[2] as Lane;

describe('taskAt', () => {
  it('finds each task at its middle', () => {
    for (const task of lane.tasks) {
      const middle = ((tasks.start_ms[task] ?? 0) + (tasks.end_ms[task] ?? 0)) / 2;
      expect(taskAt(lane, tasks, middle, 0)).toBe(task);
    }
  });

  it('finds the nearest within the tolerance and nothing beyond it', () => {
    const first = lane.tasks[0] as number;
    const start = tasks.start_ms[first] as number;
    expect(taskAt(lane, tasks, start - 0.5, 0.6)).toBe(first);
    expect(taskAt(lane, tasks, start - 0.5, 0.4)).toBeUndefined();
  });
});

describe('neighbor', () => {
  it('walks along a lane through every task in order and stops at its ends', () => {
    const seen = [lane.tasks[0] as number];
    for (let step = 0; step < lane.tasks.length; step++) {
      seen.push(neighbor(lanes, tasks, seen.at(-1) as number, 'later'));
    }
    expect(seen.slice(0, -1)).toEqual([...lane.tasks]);
    expect(seen.at(-1)).toBe(seen.at(-2));
    expect(neighbor(lanes, tasks, seen[0] as number, 'earlier')).toBe(seen[0]);
  });

  it('goes to a task of the next lane that runs at about the same time', () => {
    const task = lane.tasks[20] as number;
    const below = neighbor(lanes, tasks, task, 'down');
    expect(tasks.lane[below]).toBe(3);
    expect(Math.abs((tasks.start_ms[below] ?? 0) - (tasks.start_ms[task] ?? 0))).toBeLessThan(100);
  });

  it('skips lanes without tasks and stays at the edge', () => {
    const sparse = lanes.map((each, index) =>
      index === 3 ? { ...each, tasks: new Uint32Array(), latestEnd: new Float64Array() } : each,
    );
    expect(tasks.lane[neighbor(sparse, tasks, lane.tasks[5] as number, 'down')]).toBe(4);
    const top = lanes[0]?.tasks[0] as number;
    expect(neighbor(lanes, tasks, top, 'up')).toBe(top);
  });
});

it('begins with the earliest task', () => {
  const first = firstTask(lanes, tasks) as number;
  expect(tasks.start_ms[first]).toBe(Math.min(...tasks.start_ms));
  expect(firstTask([], tasks)).toBeUndefined();
});

it('finds stage bars by row and moment', () => {
  const stage = {
    stage_id: 4,
    attempt: 0,
    name: '',
    status: 'COMPLETE',
    start_ms: 100,
    end_ms: 200,
  };
  const bars = packStages([stage], 300);
  expect(stageAt(bars, 0, 150, 0)?.stage).toBe(stage);
  expect(stageAt(bars, 0, 205, 6)?.stage).toBe(stage);
  expect(stageAt(bars, 0, 210, 6)).toBeUndefined();
  expect(stageAt(bars, 1, 150, 0)).toBeUndefined();
});

it('knows which row or lane lies at a height', () => {
  const geometry = layOut(2, 5);
  expect(areaAt(geometry, geometry.stagesTop)).toEqual({ kind: 'stages', row: 0 });
  expect(areaAt(geometry, geometry.stagesTop + STAGE_HEIGHT)).toEqual({ kind: 'stages', row: 1 });
  expect(areaAt(geometry, geometry.lanesTop - 1)).toEqual({ kind: 'none' });
  expect(areaAt(geometry, geometry.lanesTop)).toEqual({ kind: 'lanes', lane: 0 });
  expect(areaAt(geometry, geometry.height)).toEqual({ kind: 'none' });
});
