import { X } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import type { Operator, SqlExecution } from '@/api/types';
import { Empty } from '@/design/feedback';
import { formatBytes, formatCount, formatMillis } from '@/design/format';
import { BOX_HEIGHT, BOX_WIDTH, type Drawing, layOutPlan, smoothPath } from '@/graph/layout';
import { collapse, refusal } from '@/graph/plan';
import { isDetail, rowsOf, sizeOf, timeOf } from './figures';
import { MetricTable } from './MetricTable';
import type { OperatorsSearch } from './search';

/** The plan from sources (top) to result (bottom), with rows on its edges. */
export function PlanGraph({
  execution,
  search,
  onChange,
}: {
  execution: SqlExecution;
  search: OperatorsSearch;
  onChange: (next: Partial<OperatorsSearch>) => void;
}) {
  const { details, operator: selectedId } = search;
  const plan = useMemo(
    () =>
      details
        ? execution
        : collapse(execution, (each) => !isDetail(each) || each.operator_id === selectedId),
    [execution, details, selectedId],
  );
  // Figures change twice a second while a run lasts, places only when operators or edges do.
  const shape = JSON.stringify([plan.operators.map((each) => each.operator_id), plan.edges]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the plan
  const drawing = useMemo(() => (refusal(plan) ? undefined : layOutPlan(plan)), [shape]);
  const selected = execution.operators.find(({ operator_id }) => operator_id === selectedId);
  const hidden = execution.operators.length - plan.operators.length;

  return (
    <section className="panel" aria-labelledby="plan-head">
      <div className="panel-head">
        <h2 id="plan-head">Plan</h2>
        <span className="muted">Data flows down; numbers on edges are rows</span>
        <span className="grow" />
        <label className="check">
          <input
            type="checkbox"
            checked={details ?? false}
            onChange={(event) => onChange({ details: event.target.checked || undefined })}
          />
          Show all operators{hidden > 0 && ` (${hidden} hidden)`}
        </label>
      </div>
      {plan.operators.length === 0 && <Empty title="Spark has sent no plan" />}
      {plan.operators.length > 0 &&
        (drawing ? (
          <div className="plan">
            <Canvas
              drawing={drawing}
              operators={plan.operators}
              selected={selectedId}
              onSelect={(operator) => onChange({ operator })}
            />
            {selected && (
              <aside aria-label={`Details of ${selected.name}`}>
                <div className="toolbar">
                  <h3>
                    {selected.name} <span className="faint">node {selected.operator_id}</span>
                  </h3>
                  <span className="grow" />
                  <button
                    type="button"
                    className="button plain icon"
                    aria-label="Close details"
                    onClick={() => onChange({ operator: undefined })}
                  >
                    <X size={14} aria-hidden />
                  </button>
                </div>
                <MetricTable operator={selected} />
              </aside>
            )}
          </div>
        ) : (
          <Empty title="Too large to draw">
            <p>{refusal(plan)}</p>
          </Empty>
        ))}
    </section>
  );
}

function Canvas({
  drawing,
  operators,
  selected,
  onSelect,
}: {
  drawing: Drawing;
  operators: Operator[];
  selected: number | undefined;
  onSelect: (operator: number) => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const { width, height, boxes, routes } = drawing;
  const byId = new Map(operators.map((operator) => [operator.operator_id, operator]));
  const longest = Math.max(0, ...operators.map((operator) => timeOf(operator)?.value ?? 0));

  useEffect(() => {
    if (selected !== undefined) {
      scroller.current
        ?.querySelector(`[data-operator="${selected}"]`)
        ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }, [selected]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="plan-scroller" aria-label="Plan graph" tabIndex={0} ref={scroller}>
      <div className="plan-canvas" style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0,0 L8,4 L0,8 z" />
            </marker>
          </defs>
          {routes.map(({ from, to, points }) => {
            const rows = byId.get(from) && rowsOf(byId.get(from) as Operator);
            const start = points[0];
            return (
              <g key={`${from}-${to}`}>
                <path className="edge" d={smoothPath(points)} markerEnd="url(#arrow)" />
                {rows && start && (
                  <text x={start.x + 7} y={start.y + 16}>
                    {formatCount(rows.value)}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
        {boxes.map(({ id, x, y }) => {
          const operator = byId.get(id);
          if (!operator) return null;
          const time = timeOf(operator);
          const size = sizeOf(operator);
          return (
            <button
              key={id}
              type="button"
              className="plan-box"
              data-operator={id}
              aria-pressed={id === selected}
              title={operator.description}
              style={{ left: x, top: y, width: BOX_WIDTH, height: BOX_HEIGHT }}
              onClick={() => onSelect(id)}
            >
              <strong>{operator.name}</strong>
              <span className="muted">
                {[
                  time && formatMillis(time.value),
                  size && formatBytes(size.value),
                  operator.stage_ids.length > 0 && `stage ${operator.stage_ids.join(', ')}`,
                ]
                  .filter(Boolean)
                  .join(' · ') || ' '}
              </span>
              <span className="heat" aria-hidden>
                {time && longest > 0 && (
                  <span style={{ width: `${(time.value / longest) * 100}%` }} />
                )}
              </span>
            </button>
          );
        })}
      </div>
    </section>
  );
}
