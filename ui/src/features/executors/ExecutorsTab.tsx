import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { executorsQuery, jobQuery } from '@/api/queries/job';
import type { Executor } from '@/api/types';
import { Empty, Loaded } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { Bytes, Count, Millis, Time } from '@/design/values';
import { type Column, DataTable } from '@/table/DataTable';
import type { Sort } from '@/table/sort';

const route = getRouteApi('/jobs/$jobId/executors');

/** Where tasks ran. */
export function ExecutorsTab() {
  const { jobId } = route.useParams();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const executors = useQuery(executorsQuery(jobId, job));
  const [sort, setSort] = useState<Sort>();
  return (
    <div className="page">
      <section className="panel" aria-label="Executors">
        <Loaded query={executors} what="executors">
          {(list) =>
            list.executors.length === 0 ? (
              <Empty title="No executor yet" />
            ) : (
              <DataTable
                label="Executors"
                columns={COLUMNS}
                rows={list.executors}
                keyOf={(executor) => `${executor.executor_id} ${executor.add_time}`}
                sort={sort}
                onSort={setSort}
              />
            )
          }
        </Loaded>
      </section>
    </div>
  );
}

const COLUMNS: Column<Executor>[] = [
  {
    id: 'executor_id',
    header: 'Executor',
    value: (executor) => executor.executor_id,
    cell: (executor) => executor.executor_id,
  },
  {
    id: 'host_port',
    header: 'Host',
    value: (executor) => executor.host_port,
    cell: (executor) => <span className="mono">{executor.host_port}</span>,
  },
  {
    id: 'active',
    header: 'Status',
    value: (executor) => Number(executor.active),
    cell: (executor) => (
      <span
        className={executor.active ? 'status good' : 'status waiting'}
        title={executor.remove_reason ?? undefined}
      >
        {executor.active ? 'Active' : 'Removed'}
      </span>
    ),
  },
  {
    id: 'total_cores',
    header: 'Cores',
    numeric: true,
    value: (executor) => executor.total_cores,
    cell: (executor) => <Count value={executor.total_cores} of="cores" />,
  },
  {
    id: 'num_complete_tasks',
    header: 'Tasks',
    title: 'Tasks that succeeded, running and failed ones beside',
    numeric: true,
    value: (executor) => executor.num_complete_tasks,
    cell: (executor) => (
      <>
        {executor.num_failed_tasks > 0 && (
          <span className="bad">{formatCount(executor.num_failed_tasks)} failed · </span>
        )}
        {executor.num_active_tasks > 0 && `${formatCount(executor.num_active_tasks)} running · `}
        <Count value={executor.num_complete_tasks} of="tasks" />
      </>
    ),
  },
  {
    id: 'task_time_ms',
    header: 'Task time',
    title: "Sum of its tasks' durations",
    numeric: true,
    value: (executor) => executor.task_time_ms,
    cell: (executor) => <Millis value={executor.task_time_ms} />,
  },
  {
    id: 'gc_time_ms',
    header: 'GC time',
    numeric: true,
    value: (executor) => executor.gc_time_ms,
    cell: (executor) => (
      <>
        <Millis value={executor.gc_time_ms} />
        {executor.task_time_ms > 0 && executor.gc_time_ms > 0 && (
          <span className="faint">
            {' '}
            ({((executor.gc_time_ms / executor.task_time_ms) * 100).toFixed(1)} %)
          </span>
        )}
      </>
    ),
  },
  {
    id: 'input_bytes',
    header: 'Input',
    numeric: true,
    value: (executor) => executor.input_bytes,
    cell: (executor) => <Bytes value={executor.input_bytes} />,
  },
  {
    id: 'shuffle_read_bytes',
    header: 'Shuffle read',
    numeric: true,
    value: (executor) => executor.shuffle_read_bytes,
    cell: (executor) => <Bytes value={executor.shuffle_read_bytes} />,
  },
  {
    id: 'shuffle_write_bytes',
    header: 'Shuffle write',
    numeric: true,
    value: (executor) => executor.shuffle_write_bytes,
    cell: (executor) => <Bytes value={executor.shuffle_write_bytes} />,
  },
  {
    id: 'max_memory_bytes',
    header: 'Storage memory',
    title: 'Memory for storage',
    numeric: true,
    value: (executor) => executor.max_memory_bytes,
    cell: (executor) => <Bytes value={executor.max_memory_bytes} />,
  },
  {
    id: 'peak_jvm_heap_bytes',
    header: 'Peak heap',
    title: 'Peak of the JVM heap; a dash when Spark reported none',
    numeric: true,
    value: (executor) => executor.peak_jvm_heap_bytes,
    // The API has 0 for "not reported"; no JVM has an empty heap.
    cell: (executor) => <Bytes value={executor.peak_jvm_heap_bytes || undefined} />,
  },
  { id: 'add_time', header: 'Added', cell: (executor) => <Time value={executor.add_time} /> },
  {
    id: 'remove_time',
    header: 'Removed',
    cell: (executor) => <Time value={executor.remove_time} />,
  },
];
