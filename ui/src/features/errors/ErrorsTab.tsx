import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { errorsQuery, jobQuery } from '@/api/queries/job';
import { isLive } from '@/api/states';
import type { JobError } from '@/api/types';
import { CopyButton } from '@/design/CopyButton';
import { Empty, Loaded } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { Time } from '@/design/values';
import './errors.css';

const route = getRouteApi('/jobs/$jobId/errors');

const SCOPES: Record<string, string> = {
  run: 'Job',
  sql: 'SQL execution',
  spark_job: 'Spark job',
  stage: 'Stage',
  task: 'Tasks',
};

/** What went wrong, the error that ended the run first. */
export function ErrorsTab() {
  const { jobId } = route.useParams();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const errors = useQuery(errorsQuery(jobId, job));
  return (
    <div className="page">
      <Loaded query={errors} what="errors">
        {(list) =>
          list.errors.length === 0 ? (
            <section className="panel">
              <Empty title="No error">
                <p>{job && isLive(job.state) ? 'Nothing has failed so far.' : 'Nothing failed.'}</p>
              </Empty>
            </section>
          ) : (
            <ol className="errors">
              {list.errors.map((error, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: errors have no other identity
                <li key={index} className="panel">
                  <ErrorCard jobId={jobId} error={error} />
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </div>
  );
}

function ErrorCard({ jobId, error }: { jobId: string; error: JobError }) {
  return (
    <>
      <div className="panel-head">
        <h2>{SCOPES[error.scope] ?? error.scope}</h2>
        <code>{error.class}</code>
        {error.count > 1 && <span className="bad">{formatCount(error.count)} times</span>}
        {error.stage_id != null && (
          <Link to="/jobs/$jobId/timeline" params={{ jobId }} search={{ stage: error.stage_id }}>
            Stage {error.stage_id}
          </Link>
        )}
        <span className="grow" />
        {error.first_time && (
          <span className="muted">
            first <Time value={error.first_time} />
          </span>
        )}
        <CopyButton text={error.text} label="Copy" />
      </div>
      <div className="panel-body">
        <p className="error-message mono">{error.message}</p>
        {error.text !== error.message && (
          <details>
            <summary>Full text</summary>
            <pre>{error.text}</pre>
          </details>
        )}
      </div>
    </>
  );
}
