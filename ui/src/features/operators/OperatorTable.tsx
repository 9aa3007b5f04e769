import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Operator, SqlExecution } from '@/api/types';
import { exactly, formatBytes, formatCount, formatMillis, UNKNOWN } from '@/design/format';
import { type Column, DataTable } from '@/table/DataTable';
import { printSort } from '@/table/sort';
import { type Figure, rowsOf, sizeOf, spillOf, timeOf } from './figures';
import { MetricTable } from './MetricTable';
import { type OperatorsSearch, sortOf } from './search';

/** Every operator of an execution, by any of its figures. */
export function OperatorTable({
  jobId,
  execution,
  search,
  onChange,
}: {
  jobId: string;
  execution: SqlExecution;
  search: OperatorsSearch;
  onChange: (next: Partial<OperatorsSearch>) => void;
}) {
  const columns = useMemo(() => operatorColumns(jobId), [jobId]);
  return (
    <section className="panel operators" aria-label="Operators">
      <DataTable
        key={execution.execution_id}
        label="Operators"
        columns={columns}
        rows={execution.operators}
        keyOf={(operator) => String(operator.operator_id)}
        sort={sortOf(search)}
        onSort={(sort) => onChange({ sort: printSort(sort) })}
        expand={(operator) => <MetricTable operator={operator} />}
      />
    </section>
  );
}

function operatorColumns(jobId: string): Column<Operator>[] {
  return [
    {
      id: 'operator_id',
      header: 'Node',
      numeric: true,
      value: (operator) => operator.operator_id,
      cell: (operator) => operator.operator_id,
    },
    {
      id: 'name',
      header: 'Operator',
      value: (operator) => operator.name,
      cell: (operator) => (
        <div className="operator-name">
          <strong>{operator.name}</strong>
          <span className="mono faint" title={operator.description}>
            {operator.description}
          </span>
        </div>
      ),
    },
    {
      id: 'stages',
      header: 'Stages',
      cell: (operator) =>
        operator.stage_ids.map((id, index) => (
          <span key={id}>
            {index > 0 && ', '}
            <Link to="/jobs/$jobId/timeline" params={{ jobId }} search={{ stage: id }}>
              {id}
            </Link>
          </span>
        )),
    },
    figureColumn('rows', 'Rows out', rowsOf, formatCount, 'rows'),
    figureColumn('time', 'Longest time', timeOf, formatMillis, 'ms'),
    figureColumn('size', 'Data', sizeOf, formatBytes, 'B'),
    figureColumn('spill', 'Spill', spillOf, formatBytes, 'B'),
  ];
}

function figureColumn(
  id: string,
  header: string,
  figureOf: (operator: Operator) => Figure | undefined,
  format: (value: number) => string,
  unit: string,
): Column<Operator> {
  return {
    id,
    header,
    numeric: true,
    value: (operator) => figureOf(operator)?.value,
    cell: (operator) => {
      const figure = figureOf(operator);
      if (!figure) return <span className="faint">{UNKNOWN}</span>;
      return (
        <span title={`${figure.name}: ${exactly(figure.value, unit)}`} data-value={figure.value}>
          {format(figure.value)}
          {id === 'time' && <span className="metric-name faint">{figure.name}</span>}
        </span>
      );
    },
  };
}
