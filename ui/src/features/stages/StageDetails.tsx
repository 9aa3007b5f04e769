import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { tasksQuery } from '@/api/queries/job';
import type { Job, Quantiles, Stage, TaskRow } from '@/api/types';
import { Loaded, Warning } from '@/design/feedback';
import { Status } from '@/design/Status';
import { Bytes, Count, Millis, Time } from '@/design/values';
import { type Column, DataTable } from '@/table/DataTable';

/** Tasks shown below a stage. */
const SLOWEST = 10;

/** How a stage's tasks spread, what it belongs to, and its slowest tasks. */
export function StageDetails({
  jobId,
  job,
  stage,
}: {
  jobId: string;
  job: Job | undefined;
  stage: Stage;
}) {
  const tasks = useQuery(
    tasksQuery(
      jobId,
      {
        stage_id: stage.stage_id,
        attempt: stage.attempt,
        sort_by: 'duration_ms',
        sort_order: 'desc',
        limit: SLOWEST,
      },
      job,
    ),
  );
  return (
    <div className="stage-details">
      <p className="stage-relations">
        {list('Parents', stage.parent_ids)}
        {list('Spark jobs', stage.spark_job_ids)}
        {stage.sql_execution_id != null && (
          <span>
            <span className="muted">SQL execution</span>{' '}
            <Link
              to="/jobs/$jobId/operators"
              params={{ jobId }}
              search={{ execution: stage.sql_execution_id }}
            >
              {stage.sql_execution_id}
            </Link>
          </span>
        )}
        <Link to="/jobs/$jobId/timeline" params={{ jobId }} search={{ stage: stage.stage_id }}>
          Show on the timeline
        </Link>
      </p>
      {stage.failure_reason && (
        <Warning>
          <strong>Why it failed</strong>
          <pre>{stage.failure_reason}</pre>
        </Warning>
      )}
      {stage.num_complete_tasks > 0 && (
        <table className="table quantiles" aria-label="How tasks spread">
          <thead>
            <tr>
              <th scope="col">Per successful task</th>
              {['Min', '25%', 'Median', '75%', '95%', 'Max'].map((name) => (
                <th key={name} scope="col" className="numeric">
                  {name}
                </th>
              ))}
              <th scope="col" className="numeric">
                Max / median
              </th>
            </tr>
          </thead>
          <tbody>
            <QuantileRow
              name="Duration"
              quantiles={stage.task_duration_ms}
              show={(value) => <Millis value={value} />}
            />
            <QuantileRow
              name="Shuffle read"
              quantiles={stage.task_shuffle_read_bytes}
              show={(value) => <Bytes value={value} />}
            />
            <QuantileRow
              name="Input"
              quantiles={stage.task_input_bytes}
              show={(value) => <Bytes value={value} />}
            />
          </tbody>
        </table>
      )}
      <h3>Slowest tasks</h3>
      <Loaded query={tasks} what="tasks">
        {(page) =>
          page.tasks.length === 0 ? (
            <p className="muted">No task of this stage is recorded.</p>
          ) : (
            <DataTable
              label={`Slowest tasks of stage ${stage.stage_id}`}
              columns={TASK_COLUMNS}
              rows={page.tasks}
              keyOf={(task) => String(task.task_id)}
              sortedByServer
            />
          )
        }
      </Loaded>
    </div>
  );
}

function QuantileRow({
  name,
  quantiles,
  show,
}: {
  name: string;
  quantiles: Quantiles;
  show: (value: number) => ReactNode;
}) {
  const { min, p25, median, p75, p95, max, exact } = quantiles;
  return (
    <tr>
      <td title={exact ? undefined : 'Inner values lie within 2 % of the exact ones'}>
        {name}
        {!exact && <span className="faint"> (within 2 %)</span>}
      </td>
      <td className="numeric">{show(min)}</td>
      <td className="numeric">{show(p25)}</td>
      <td className="numeric">{show(median)}</td>
      <td className="numeric">{show(p75)}</td>
      <td className="numeric">{show(p95)}</td>
      <td className="numeric">{show(max)}</td>
      <td className="numeric">{median > 0 ? `${(max / median).toFixed(1)} ×` : '–'}</td>
    </tr>
  );
}

function list(name: string, ids: number[]) {
  if (ids.length === 0) return null;
  return (
    <span>
      <span className="muted">{name}</span> {ids.join(', ')}
    </span>
  );
}

const TASK_COLUMNS: Column<TaskRow>[] = [
  { id: 'task_id', header: 'Task', numeric: true, cell: (task) => task.task_id },
  {
    id: 'index',
    header: 'Index',
    title: 'Position in the stage, and which attempt of it',
    numeric: true,
    cell: (task) => `${task.index}${task.attempt > 0 ? `.${task.attempt}` : ''}`,
  },
  {
    id: 'status',
    header: 'Status',
    cell: (task) => (
      <span title={task.error_message ?? undefined}>
        <Status state={task.status} />
      </span>
    ),
  },
  { id: 'executor_id', header: 'Executor', cell: (task) => task.executor_id },
  {
    id: 'locality',
    header: 'Locality',
    cell: (task) => <span className="faint">{task.locality}</span>,
  },
  { id: 'launch_time', header: 'Launched', cell: (task) => <Time value={task.launch_time} /> },
  {
    id: 'duration_ms',
    header: 'Duration',
    numeric: true,
    cell: (task) => <Millis value={task.status === 'RUNNING' ? undefined : task.duration_ms} />,
  },
  {
    id: 'executor_run_time_ms',
    header: 'Run time',
    numeric: true,
    cell: (task) => <Millis value={task.executor_run_time_ms} />,
  },
  {
    id: 'gc_time_ms',
    header: 'GC time',
    numeric: true,
    cell: (task) => <Millis value={task.gc_time_ms} />,
  },
  {
    id: 'scheduler_delay_ms',
    header: 'Scheduler delay',
    numeric: true,
    cell: (task) => <Millis value={task.scheduler_delay_ms} />,
  },
  {
    id: 'input_bytes',
    header: 'Input',
    numeric: true,
    cell: (task) => <Bytes value={task.input_bytes} />,
  },
  {
    id: 'shuffle_read_bytes',
    header: 'Shuffle read',
    numeric: true,
    cell: (task) => <Bytes value={task.shuffle_read_bytes} />,
  },
  {
    id: 'shuffle_read_records',
    header: 'Read records',
    numeric: true,
    cell: (task) => <Count value={task.shuffle_read_records} of="records" />,
  },
  {
    id: 'shuffle_write_bytes',
    header: 'Shuffle write',
    numeric: true,
    cell: (task) => <Bytes value={task.shuffle_write_bytes} />,
  },
  {
    id: 'disk_spill_bytes',
    header: 'Spill',
    numeric: true,
    cell: (task) => <Bytes value={task.disk_spill_bytes} />,
  },
];
