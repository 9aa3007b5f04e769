import type { Operator } from '@/api/types';
import { formatMetric } from './figures';

/** All metrics of an operator under Spark's names. */
export function MetricTable({ operator }: { operator: Operator }) {
  return (
    <div className="metrics">
      <p className="mono">{operator.description}</p>
      {operator.codegen_stage != null && (
        <p className="muted">
          Compiled in whole-stage code generation block {operator.codegen_stage}
        </p>
      )}
      {operator.metrics.length === 0 ? (
        <p className="muted">Spark measures nothing here.</p>
      ) : (
        <dl>
          {operator.metrics.map((metric) => (
            <div key={metric.name}>
              <dt>{metric.name}</dt>
              <dd data-value={metric.value ?? undefined}>{formatMetric(metric)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
