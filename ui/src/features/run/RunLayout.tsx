import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { useEffect } from 'react';
import { JOB_TABS } from '@/actions/register';
import { summarize } from '@/api/expectations';
import { expectationsQuery, useLiveJob } from '@/api/queries/job';
import { isLiveJob, isOfDataSet } from '@/api/states';
import type { Job } from '@/api/types';
import { CopyButton } from '@/design/CopyButton';
import { Loading, ProblemView } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { Severity, Status } from '@/design/Status';
import { Millis, Time } from '@/design/values';
import { CancelButton } from './CancelButton';
import { SpokenProgress } from './SpokenProgress';
import './run.css';

const route = getRouteApi('/jobs/$jobId');

/** The head of a run's page with its tabs; keeps the run live for all of them. */
export function RunLayout() {
  const { jobId } = route.useParams();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useLiveJob(jobId);

  // The address may have `latest` or the end of an id; a link must name the run for good.
  const canonical = data?.job.job_id;
  useEffect(() => {
    if (canonical !== undefined && canonical !== jobId) {
      void navigate({ to: '.', params: { jobId: canonical }, search: true, replace: true });
    }
  }, [canonical, jobId, navigate]);

  if (!data) {
    return (
      <main className="page" id="main">
        {error ? (
          <>
            <h1>Job {jobId}</h1>
            <ProblemView error={error} retry={() => void refetch()} />
            <p>
              <Link to="/jobs">All jobs</Link>
            </p>
          </>
        ) : (
          <Loading what="job" />
        )}
      </main>
    );
  }
  const { job } = data;
  return (
    <main id="main">
      <header className="run-head">
        <div className="run-title">
          <h1>{job.job_name}</h1>
          <Status state={job.state} />
          <span className="grow" />
          {isLiveJob(job) && <CancelButton job={job} />}
        </div>
        <p className="run-facts muted">
          <span className="mono">{job.job_id}</span>
          <CopyButton text={job.job_id} label="Copy job id" quiet />
          <span>
            {[
              isOfDataSet(job) ? 'of a data set' : job.engine,
              job.spark_version && `Spark ${job.spark_version}`,
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
          <span>
            started <Time value={job.start_time} />
          </span>
          <span>
            ran <Millis value={job.duration_ms} />
          </span>
        </p>
        <Tabs job={job} />
      </header>
      <SpokenProgress jobId={jobId} job={job} />
      {error && (
        <div className="page">
          <ProblemView error={error} />
        </div>
      )}
      <Outlet />
    </main>
  );
}

function Tabs({ job }: { job: Job }) {
  const ofDataSet = isOfDataSet(job);
  const expectations = useQuery({
    ...expectationsQuery(job.job_id, job),
    enabled: !ofDataSet,
  }).data?.expectations;
  const summary = summarize(expectations ?? []);
  const tabs = JOB_TABS.filter(
    ({ path, ofDataSets }) =>
      (ofDataSets || !ofDataSet) && (path !== 'expectations' || summary !== undefined),
  );
  return (
    <nav className="tabs" aria-label="Parts of this job">
      {tabs.map(({ path, label }) => (
        <Link
          key={path}
          to={path === '' ? '/jobs/$jobId' : `/jobs/$jobId/${path}`}
          params={{ jobId: job.job_id }}
          activeOptions={{ exact: true, includeSearch: false }}
          activeProps={{ 'aria-current': 'page' }}
        >
          {label}
          {path === 'stages' && <span className="faint">{formatCount(job.num_stages)}</span>}
          {path === 'expectations' && summary && (
            <span className={summary.unmet > 0 ? 'bad' : 'faint'}>
              {summary.unmet > 0
                ? `${formatCount(summary.unmet)} not met`
                : formatCount(expectations?.length ?? 0)}
            </span>
          )}
          {path === 'findings' && job.num_findings != null && job.worst_severity && (
            <Severity severity={job.worst_severity} count={job.num_findings} />
          )}
        </Link>
      ))}
    </nav>
  );
}
