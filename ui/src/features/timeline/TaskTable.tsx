import { useMemo, useState } from 'react';
import type { Timeline } from '@/api/types';
import { Status } from '@/design/Status';
import { Millis } from '@/design/values';
import { type Column, DataTable } from '@/table/DataTable';
import type { Sort } from '@/table/sort';
import { renderVirtualRows } from '@/table/VirtualRows';

interface Bar {
  task: number;
  stage: number;
  lane: string;
  start: number;
  duration: number;
  failed: boolean;
}

/** The task bars of the timeline as rows. */
export function TaskTable({ timeline: { tasks } }: { timeline: Timeline }) {
  const [sort, setSort] = useState<Sort>({ by: 'start', order: 'asc' });
  const rows = useMemo(
    () =>
      tasks.task_id.map((task, index): Bar => {
        const start = tasks.start_ms[index] ?? 0;
        return {
          task,
          stage: tasks.stage_id[index] ?? 0,
          lane: tasks.lanes[tasks.lane[index] ?? 0] ?? '',
          start,
          duration: (tasks.end_ms[index] ?? start) - start,
          failed: tasks.failed[index] ?? false,
        };
      }),
    [tasks],
  );
  return (
    <DataTable
      label="Tasks"
      columns={COLUMNS}
      rows={rows}
      keyOf={(row) => String(row.task)}
      sort={sort}
      onSort={setSort}
      renderRows={renderVirtualRows}
    />
  );
}

const COLUMNS: Column<Bar>[] = [
  { id: 'task', header: 'Task', numeric: true, value: (bar) => bar.task, cell: (bar) => bar.task },
  {
    id: 'stage',
    header: 'Stage',
    numeric: true,
    value: (bar) => bar.stage,
    cell: (bar) => bar.stage,
  },
  { id: 'lane', header: 'Executor / core', value: (bar) => bar.lane, cell: (bar) => bar.lane },
  {
    id: 'start',
    header: 'Start',
    title: "From the run's start",
    numeric: true,
    value: (bar) => bar.start,
    cell: (bar) => <Millis value={bar.start} />,
  },
  {
    id: 'duration',
    header: 'Duration',
    numeric: true,
    value: (bar) => bar.duration,
    cell: (bar) => <Millis value={bar.duration} />,
  },
  {
    id: 'failed',
    header: 'End',
    value: (bar) => Number(bar.failed),
    cell: (bar) => <Status state={bar.failed ? 'failed' : 'success'} />,
  },
];
