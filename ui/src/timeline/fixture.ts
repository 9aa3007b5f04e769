import type { TimelineTasks } from '@/api/types';

/** Made-up tasks for tests: `perLane` tasks of 1 to 80 ms in each lane, without overlap, the same each time. */
export function madeTasks({ lanes, perLane }: { lanes: number; perLane: number }): TimelineTasks {
  const tasks: TimelineTasks = {
    lanes: Array.from({ length: lanes }, (_, lane) => `1/${lane}`),
    lane: [],
    task_id: [],
    stage_id: [],
    start_ms: [],
    end_ms: [],
    failed: [],
    omitted: 0,
  };
  let state = 7;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const clocks = new Array<number>(lanes).fill(0);
  for (let id = 0; id < lanes * perLane; id++) {
    const lane = id % lanes;
    const start = (clocks[lane] ?? 0) + 1 + random(9);
    const end = start + 1 + random(80);
    clocks[lane] = end;
    tasks.lane.push(lane);
    tasks.task_id.push(id);
    tasks.stage_id.push(Math.floor(id / 50));
    tasks.start_ms.push(start);
    tasks.end_ms.push(end);
    tasks.failed.push(random(20) === 0);
  }
  return tasks;
}
