import { Link } from '@tanstack/react-router';
import { isLive } from '@/api/states';
import type { Job } from '@/api/types';
import { formatCount, UNKNOWN } from '@/design/format';
import { ProgressBar } from '@/design/Progress';
import { Severity, Status } from '@/design/Status';
import { Bytes, Count, Millis, Time } from '@/design/values';
import type { Column } from '@/table/DataTable';

/** The columns of the list; ids are what the server sorts by. */
export const RUN_COLUMNS: Column<Job>[] = [
  {
    id: 'state',
    header: 'Status',
    value: (job) => job.state,
    cell: (job) => (
      <>
        <Status state={job.state} />
        {job.state === 'running' && (
          <ProgressBar label={`${job.job_name} is running`} planned={undefined} complete={0} />
        )}
      </>
    ),
  },
  {
    id: 'job_name',
    header: 'Name',
    value: (job) => job.job_name,
    cell: (job) => (
      <div className="run-name">
        <Link to="/jobs/$jobId" params={{ jobId: job.job_id }}>
          {job.job_name}
        </Link>
        <span className="mono faint">{job.application_id ?? job.job_id}</span>
      </div>
    ),
  },
  { id: 'job_type', header: 'Type', cell: (job) => job.job_type },
  {
    id: 'engine',
    header: 'Engine',
    cell: (job) => (
      <span className="nowrap">
        {job.engine}
        {job.spark_version && <span className="faint"> {job.spark_version}</span>}
      </span>
    ),
  },
  {
    id: 'start_time',
    header: 'Started',
    value: (job) => job.start_time,
    cell: (job) => <Time value={job.start_time} />,
  },
  {
    id: 'duration_ms',
    header: 'Duration',
    numeric: true,
    value: (job) => job.duration_ms,
    cell: (job) => <Millis value={job.duration_ms} />,
  },
  {
    id: 'num_tasks',
    header: 'Tasks',
    title: 'Tasks that ended, and how many of them failed',
    numeric: true,
    cell: (job) => (
      <>
        {job.num_failed_tasks > 0 && (
          <span className="bad">{formatCount(job.num_failed_tasks)} failed · </span>
        )}
        <Count value={job.num_tasks} of="tasks" />
      </>
    ),
  },
  {
    id: 'task_time_ms',
    header: 'Task time',
    title: 'Sum of executor run time over all tasks',
    numeric: true,
    value: (job) => job.task_time_ms,
    cell: (job) => <Millis value={job.task_time_ms} />,
  },
  {
    id: 'input_bytes',
    header: 'Input',
    title: 'Read from storage',
    numeric: true,
    value: (job) => job.input_bytes,
    cell: (job) => <Bytes value={job.input_bytes} />,
  },
  {
    id: 'shuffle_read_bytes',
    header: 'Shuffle read',
    numeric: true,
    value: (job) => job.shuffle_read_bytes,
    cell: (job) => <Bytes value={job.shuffle_read_bytes} />,
  },
  {
    id: 'shuffle_write_bytes',
    header: 'Shuffle write',
    numeric: true,
    value: (job) => job.shuffle_write_bytes,
    cell: (job) => <Bytes value={job.shuffle_write_bytes} />,
  },
  {
    id: 'disk_spill_bytes',
    header: 'Spill',
    title: 'Spilled to disk',
    numeric: true,
    value: (job) => job.disk_spill_bytes,
    cell: (job) => <Bytes value={job.disk_spill_bytes} />,
  },
  {
    id: 'num_findings',
    header: 'Findings',
    title: 'Findings of the report; a dash until the job was analyzed',
    numeric: true,
    value: (job) => job.num_findings,
    cell: (job) => <FindingsCell job={job} />,
  },
];

function FindingsCell({ job }: { job: Job }) {
  if (job.num_findings == null || isLive(job.state))
    return <span className="faint">{UNKNOWN}</span>;
  return (
    <Link
      className="run-findings"
      to="/jobs/$jobId/findings"
      params={{ jobId: job.job_id }}
      aria-label={`${job.num_findings} findings of ${job.job_name}`}
    >
      {job.worst_severity ? (
        <Severity severity={job.worst_severity} count={job.num_findings} />
      ) : (
        <Count value={job.num_findings} of="findings" />
      )}
    </Link>
  );
}
