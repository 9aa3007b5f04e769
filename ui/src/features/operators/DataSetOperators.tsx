import { useState } from 'react';
import type { DataSetOperator } from '@/api/types';
import { Status } from '@/design/Status';
import { Count, Millis, Time } from '@/design/values';
import { type Column, DataTable } from '@/table/DataTable';
import type { Sort } from '@/table/sort';

/** The operators of a job of a data set, which tells of no SQL execution. */
export function DataSetOperators({ operators }: { operators: DataSetOperator[] }) {
  const [sort, setSort] = useState<Sort>();
  return (
    <section className="panel" aria-label="Operators of the data set">
      <DataTable
        label="Operators"
        columns={COLUMNS}
        rows={operators}
        keyOf={(operator) => operator.operator_id}
        sort={sort}
        onSort={setSort}
      />
    </section>
  );
}

const COLUMNS: Column<DataSetOperator>[] = [
  {
    id: 'stage_id',
    header: 'Place',
    title: 'Place in the job, from 0',
    numeric: true,
    value: (operator) => operator.stage_id,
    cell: (operator) => operator.stage_id,
  },
  {
    id: 'operator_name',
    header: 'Operator',
    value: (operator) => operator.operator_name,
    cell: (operator) => operator.operator_name,
  },
  {
    id: 'status',
    header: 'Status',
    value: (operator) => operator.status,
    cell: (operator) => <Status state={operator.status} />,
  },
  {
    id: 'start_time',
    header: 'Started',
    value: (operator) => operator.start_time,
    cell: (operator) => <Time value={operator.start_time} />,
  },
  {
    id: 'duration_ms',
    header: 'Duration',
    numeric: true,
    value: milliseconds,
    cell: (operator) => <Millis value={milliseconds(operator)} />,
  },
  {
    id: 'records_processed',
    header: 'Records',
    numeric: true,
    value: (operator) => operator.records_processed,
    cell: (operator) => <Count value={operator.records_processed} of="records" />,
  },
  {
    id: 'cpu_time_ms',
    header: 'CPU time',
    numeric: true,
    value: (operator) => operator.cpu_time_ms,
    cell: (operator) => <Millis value={operator.cpu_time_ms} />,
  },
  {
    id: 'memory_usage_mb',
    header: 'Memory (MiB)',
    numeric: true,
    value: (operator) => operator.memory_usage_mb,
    cell: (operator) => operator.memory_usage_mb ?? '–',
  },
  {
    id: 'spill_memory_mb',
    header: 'Spill (MiB)',
    numeric: true,
    value: (operator) => operator.spill_memory_mb,
    cell: (operator) => operator.spill_memory_mb ?? '–',
  },
];

/** Whole seconds where the data set has nothing finer. */
function milliseconds({ duration_ms, duration_seconds }: DataSetOperator) {
  return duration_ms ?? (duration_seconds == null ? undefined : duration_seconds * 1_000);
}
