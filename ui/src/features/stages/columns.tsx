import type { Stage } from '@/api/types';
import { formatCount } from '@/design/format';
import { ProgressBar } from '@/design/Progress';
import { Status } from '@/design/Status';
import { Bytes, Count, Millis, Nanos, Time } from '@/design/values';
import type { Column } from '@/table/DataTable';

/** Names a stage attempt: `4`, or `4.1` for a second attempt. */
export function stageKey(stage: { stage_id: number; attempt: number }): string {
  return stage.attempt > 0 ? `${stage.stage_id}.${stage.attempt}` : `${stage.stage_id}`;
}

/** Ids are the API's field names, so that a test can compare cell by cell. */
export const STAGE_COLUMNS: Column<Stage>[] = [
  {
    id: 'stage_id',
    header: 'Stage',
    numeric: true,
    value: (stage) => stage.stage_id + stage.attempt / 1_000,
    cell: (stage) => <span data-value={stage.stage_id}>{stageKey(stage)}</span>,
  },
  {
    id: 'name',
    header: 'Name',
    value: (stage) => stage.name,
    cell: (stage) => (
      <span className="stage-title" title={stage.name}>
        {stage.name}
      </span>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    value: (stage) => stage.status,
    cell: (stage) => <Status state={stage.status} />,
  },
  {
    id: 'num_tasks',
    header: 'Tasks',
    title: 'Tasks that succeeded, of those planned',
    numeric: true,
    value: (stage) => stage.num_tasks,
    cell: (stage) => <TasksCell stage={stage} />,
  },
  millis('duration_ms', 'Duration', 'From submission to end'),
  millis('executor_run_time_ms', 'Task time', 'Sum of executor run time'),
  {
    id: 'task_duration_ms.max',
    header: 'Task median · max',
    title: 'Median and longest duration of successful tasks',
    numeric: true,
    value: (stage) => stage.task_duration_ms.max,
    cell: (stage) =>
      stage.num_complete_tasks === 0 ? (
        <Millis value={undefined} />
      ) : (
        <>
          <Millis value={stage.task_duration_ms.median} /> ·{' '}
          <Millis value={stage.task_duration_ms.max} />
        </>
      ),
  },
  {
    id: 'executor_cpu_time_ns',
    header: 'CPU time',
    title: 'Sum of executor CPU time',
    numeric: true,
    value: (stage) => stage.executor_cpu_time_ns,
    cell: (stage) => <Nanos value={stage.executor_cpu_time_ns} />,
  },
  millis('gc_time_ms', 'GC time', 'Sum of garbage-collection time'),
  bytes('input_bytes', 'Input', 'Read from storage'),
  records('input_records', 'Input records'),
  bytes('shuffle_read_bytes', 'Shuffle read', 'Remote and local'),
  records('shuffle_read_records', 'Read records'),
  bytes('shuffle_write_bytes', 'Shuffle write'),
  records('shuffle_write_records', 'Written records'),
  millis('shuffle_fetch_wait_ms', 'Fetch wait', 'Time blocked on shuffle data'),
  bytes('disk_spill_bytes', 'Spill (disk)', 'Spilled to disk'),
  bytes('memory_spill_bytes', 'Spill (memory)', 'In-memory size of spilled data'),
  bytes(
    'peak_execution_memory_bytes',
    'Peak memory',
    "Sum of the tasks' peaks of execution memory",
  ),
  bytes('output_bytes', 'Output', 'Written to storage'),
  records('output_records', 'Output records'),
  {
    id: 'submission_time',
    header: 'Submitted',
    cell: (stage) => <Time value={stage.submission_time} />,
  },
];

function TasksCell({ stage }: { stage: Stage }) {
  const { num_tasks, num_complete_tasks, num_active_tasks, num_failed_tasks } = stage;
  return (
    <>
      {num_failed_tasks > 0 && (
        <span className="bad">{formatCount(num_failed_tasks)} failed · </span>
      )}
      <span data-complete={num_complete_tasks} data-value={num_tasks}>
        {formatCount(num_complete_tasks)} / {formatCount(num_tasks)}
      </span>
      {stage.status === 'ACTIVE' && (
        <ProgressBar
          label={`Stage ${stageKey(stage)}`}
          planned={num_tasks}
          complete={num_complete_tasks}
          active={num_active_tasks}
          failed={num_failed_tasks}
        />
      )}
    </>
  );
}

/** Fields of a stage that are plain numbers. */
type NumberField = {
  [Field in keyof Stage]-?: NonNullable<Stage[Field]> extends number ? Field : never;
}[keyof Stage];

function millis(id: NumberField, header: string, title?: string): Column<Stage> {
  return {
    ...number(id, header, title),
    cell: (stage) => <Millis value={stage[id]} />,
  };
}

function bytes(id: NumberField, header: string, title?: string): Column<Stage> {
  return {
    ...number(id, header, title),
    cell: (stage) => <Bytes value={stage[id]} />,
  };
}

function records(id: NumberField, header: string): Column<Stage> {
  return {
    ...number(id, header),
    cell: (stage) => <Count value={stage[id]} of="records" />,
  };
}

function number(id: NumberField, header: string, title?: string) {
  return {
    id,
    header,
    ...(title !== undefined && { title }),
    numeric: true,
    value: (stage: Stage) => stage[id],
  };
}
