import { describe, expect, it } from 'vitest';
import type { TimelineStage } from '@/api/types';
import { madeTasks } from './fixture';
import { groupLanes, indexLanes, packStages, tasksWithin } from './lanes';

describe('tasksWithin', () => {
  it('holds exactly the tasks that touch the interval, as brute force finds them', () => {
    const tasks = madeTasks({ lanes: 4, perLane: 60 });
    const lanes = indexLanes(tasks);
    for (let from = -50; from < 3_000; from += 173) {
      for (const span of [0, 10, 400]) {
        lanes.forEach((lane, laneIndex) => {
          const [begin, end] = tasksWithin(lane, tasks, from, from + span);
          const expected = tasks.task_id.filter(
            (_, i) =>
              tasks.lane[i] === laneIndex &&
              (tasks.end_ms[i] ?? 0) >= from &&
              (tasks.start_ms[i] ?? 0) <= from + span,
          );
          const found = [...lane.tasks.subarray(begin, end)].map((i) => tasks.task_id[i] ?? -1);
          expect(found.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
        });
      }
    }
  });

  it('finds a long task that began before others which are over', () => {
    const tasks = {
      lanes: ['1/0'],
      lane: [0, 0],
      task_id: [1, 2],
      stage_id: [0, 0],
      start_ms: [0, 10],
      end_ms: [1_000, 20],
      failed: [false, false],
      omitted: 0,
    };
    const [lane] = indexLanes(tasks);
    if (!lane) throw new Error('no lane');
    const [begin, end] = tasksWithin(lane, tasks, 500, 600);
    expect([...lane.tasks.subarray(begin, end)]).toContain(0);
  });
});

describe('packStages', () => {
  const stage = (stage_id: number, start_ms: number, end_ms: number | null): TimelineStage => ({
    stage_id,
    attempt: 0,
    name: '',
    status: 'COMPLETE',
    start_ms,
    end_ms,
  });

  it('puts bars that overlap into different rows and reuses rows that are free', () => {
    const bars = packStages([stage(1, 0, 10), stage(2, 5, 20), stage(3, 10, 30)], 100);
    expect(bars.map((bar) => [bar.stage.stage_id, bar.row])).toEqual([
      [1, 0],
      [2, 1],
      [3, 0],
    ]);
  });

  it('lets a running stage reach to the end of the timeline', () => {
    expect(packStages([stage(1, 40, null)], 100)[0]?.end).toBe(100);
  });
});

it('groups lanes by executor', () => {
  expect(groupLanes(['driver/0', 'driver/1', '1/0'])).toEqual([
    { executor: 'driver', first: 0, count: 2 },
    { executor: '1', first: 2, count: 1 },
  ]);
});
