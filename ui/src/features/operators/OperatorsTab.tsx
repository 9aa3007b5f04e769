import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { jobQuery, operatorsQuery } from '@/api/queries/job';
import type { SqlExecution } from '@/api/types';
import { Empty, Loaded, Warning } from '@/design/feedback';
import { formatMillis } from '@/design/format';
import { Source } from '@/design/Source';
import { Status } from '@/design/Status';
import { Millis, Time } from '@/design/values';
import { DataSetOperators } from './DataSetOperators';
import { OperatorTable } from './OperatorTable';
import { PlanGraph } from './PlanGraph';
import type { OperatorsSearch } from './search';
import './operators.css';

const route = getRouteApi('/jobs/$jobId/operators');

/** The SQL executions of a run: operators by figure, the plan drawn, the plan as Spark prints it. */
export function OperatorsTab() {
  const { jobId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const list = useQuery(operatorsQuery(jobId, job));
  const change = (next: OperatorsSearch) =>
    void navigate({ search: (former) => ({ ...former, ...next }), replace: true });

  return (
    <div className="page">
      <Loaded query={list} what="operators">
        {({ executions, operators = [] }) => {
          if (operators.length > 0) return <DataSetOperators operators={operators} />;
          const shown =
            executions.find(({ execution_id }) => execution_id === search.execution) ??
            longest(executions);
          if (!shown) {
            return (
              <section className="panel">
                <Empty title="No SQL execution">
                  <p>Jobs that use only RDDs have no plan; their stages say what they did.</p>
                </Empty>
              </section>
            );
          }
          return (
            <>
              <Head executions={executions} shown={shown} onChange={change} />
              <OperatorTable jobId={jobId} execution={shown} search={search} onChange={change} />
              <PlanGraph
                key={shown.execution_id}
                execution={shown}
                search={search}
                onChange={change}
              />
              <section className="panel" aria-label="Plan as text">
                <details className="panel-body">
                  <summary>Physical plan as Spark prints it</summary>
                  <Source text={shown.physical_plan} label="Physical plan" />
                </details>
              </section>
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function Head({
  executions,
  shown,
  onChange,
}: {
  executions: SqlExecution[];
  shown: SqlExecution;
  onChange: (next: OperatorsSearch & { operator?: undefined }) => void;
}) {
  return (
    <section className="panel" aria-label="SQL execution">
      <div className="panel-head">
        <label className="execution">
          <span className="muted">SQL execution</span>
          <select
            className="select"
            value={shown.execution_id}
            onChange={(event) => onChange({ execution: Number(event.target.value) })}
          >
            {executions.map((execution) => (
              <option key={execution.execution_id} value={execution.execution_id}>
                {execution.execution_id} · {formatMillis(execution.duration_ms)} ·{' '}
                {execution.description}
              </option>
            ))}
          </select>
        </label>
        <Status state={shown.status} />
        <span>
          <span className="muted">ran</span> <Millis value={shown.duration_ms} />
        </span>
        <span>
          <span className="muted">from</span> <Time value={shown.submission_time} />
        </span>
        {shown.spark_job_ids.length > 0 && (
          <span>
            <span className="muted">Spark jobs</span> {shown.spark_job_ids.join(', ')}
          </span>
        )}
      </div>
      {shown.error_message && (
        <div className="panel-body">
          <Warning>{shown.error_message}</Warning>
        </div>
      )}
    </section>
  );
}

/** The execution that took most time, running ones first. */
function longest(executions: SqlExecution[]): SqlExecution | undefined {
  const time = ({ duration_ms }: SqlExecution) => duration_ms ?? Number.POSITIVE_INFINITY;
  return executions.toSorted((a, b) => time(b) - time(a))[0];
}
