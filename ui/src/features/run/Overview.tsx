import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { insideOf } from '@/api/executed';
import { awaitsReport, findingsQuery, jobQuery } from '@/api/queries/job';
import { isLiveJob, isOfDataSet } from '@/api/states';
import type { Job, JobDetail } from '@/api/types';
import { Warning } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { Severity } from '@/design/Status';
import { Bytes, Count, Millis, Time } from '@/design/values';
import { ComparisonPanel } from './ComparisonPanel';
import { ExecutedPanel } from './ExecutedPanel';
import { LiveProgress } from './LiveProgress';
import { LongestStages } from './LongestStages';

const route = getRouteApi('/jobs/$jobId/');

/** What a run did in figures, how far it is, and what stands out. */
export function Overview() {
  const { jobId } = route.useParams();
  const { data } = useQuery(jobQuery(jobId));
  if (!data) return null;
  const { job } = data;
  const inside = insideOf(data);
  return (
    <div className="page">
      {job.error && (
        <div className="banner bad" role="note">
          <div>
            <strong>{job.error}</strong>
            <p>
              <Link to="/jobs/$jobId/errors" params={{ jobId }}>
                All errors
              </Link>
              {!isOfDataSet(job) && (
                <>
                  {' '}
                  ·{' '}
                  <Link to="/jobs/$jobId/log" params={{ jobId }}>
                    Driver log
                  </Link>
                </>
              )}
            </p>
          </div>
        </div>
      )}
      {job.partial && (
        <Warning>
          <strong>The figures may be too low.</strong>
          <ul>
            {data.partial_reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Warning>
      )}
      {!inside && <Figures job={job} />}
      {!inside && isLiveJob(job) && <LiveProgress jobId={jobId} job={job} />}
      {inside && <ExecutedPanel job={job} why={inside.why} />}
      {job.advice_from && <ComparisonPanel before={job.advice_from} job={job} />}
      {!isOfDataSet(job) && !inside && (
        <div className="overview-columns">
          <FindingsPanel jobId={jobId} job={job} />
          <LongestStages jobId={jobId} job={job} />
        </div>
      )}
      <Facts detail={data} />
    </div>
  );
}

/** The sums of the run. `data-fact` names the field of the API that each shows. */
function Figures({ job }: { job: Job }) {
  return (
    <dl className="figures" aria-label="Figures of this job">
      <div data-fact="duration_ms">
        <dt>Duration</dt>
        <dd>
          <Millis value={job.duration_ms} />
        </dd>
      </div>
      <div data-fact="num_tasks">
        <dt title="Tasks that ended">Tasks</dt>
        <dd>
          <Count value={job.num_tasks} of="tasks" />
          {job.num_failed_tasks > 0 && (
            <span className="beside bad">{formatCount(job.num_failed_tasks)} failed</span>
          )}
        </dd>
      </div>
      <div data-fact="task_time_ms">
        <dt title="Sum of executor run time over all tasks">Task time</dt>
        <dd>
          <Millis value={job.task_time_ms} />
        </dd>
      </div>
      <div data-fact="gc_time_ms">
        <dt title="Sum of the tasks' garbage-collection time">GC time</dt>
        <dd>
          <Millis value={job.gc_time_ms} />
        </dd>
      </div>
      <div data-fact="input_bytes">
        <dt>Input</dt>
        <dd>
          <Bytes value={job.input_bytes} />
        </dd>
      </div>
      <div data-fact="output_bytes">
        <dt>Output</dt>
        <dd>
          <Bytes value={job.output_bytes} />
        </dd>
      </div>
      <div data-fact="shuffle_read_bytes">
        <dt>Shuffle read</dt>
        <dd>
          <Bytes value={job.shuffle_read_bytes} />
        </dd>
      </div>
      <div data-fact="shuffle_write_bytes">
        <dt>Shuffle write</dt>
        <dd>
          <Bytes value={job.shuffle_write_bytes} />
        </dd>
      </div>
      <div data-fact="disk_spill_bytes">
        <dt>Spill to disk</dt>
        <dd>
          <Bytes value={job.disk_spill_bytes} />
        </dd>
      </div>
      <div data-fact="memory_spill_bytes">
        <dt title="In-memory size of spilled data">Spill in memory</dt>
        <dd>
          <Bytes value={job.memory_spill_bytes} />
        </dd>
      </div>
    </dl>
  );
}

function FindingsPanel({ jobId, job }: { jobId: string; job: Job }) {
  const live = isLiveJob(job);
  const findings = useQuery(findingsQuery(jobId, job)).data?.findings ?? [];
  return (
    <section className="panel" aria-labelledby="findings-head">
      <div className="panel-head">
        <h2 id="findings-head">{live ? 'Findings so far' : 'Findings'}</h2>
        <span className="grow" />
        <Link to="/jobs/$jobId/findings" params={{ jobId }}>
          All findings and advice
        </Link>
      </div>
      <div className="panel-body">
        {findings.length === 0 ? (
          <p className="muted">
            {live
              ? 'Nothing stands out so far.'
              : awaitsReport(job)
                ? 'The report is being made.'
                : 'Nothing stands out: no rule found a problem.'}
          </p>
        ) : (
          <ul className="finding-list">
            {findings.slice(0, 5).map((finding) => (
              <li key={finding.finding_id}>
                <Severity severity={finding.severity} />
                <Link to="/jobs/$jobId/findings" params={{ jobId }} hash={finding.finding_id}>
                  {finding.title}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Facts({ detail }: { detail: JobDetail }) {
  const { job } = detail;
  const properties = Object.entries(detail.spark_properties);
  return (
    <section className="panel" aria-labelledby="facts-head">
      <div className="panel-head">
        <h2 id="facts-head">Facts</h2>
      </div>
      <div className="panel-body">
        <dl className="facts">
          <Fact name="Application id">{job.application_id}</Fact>
          <Fact name="Spark version">{job.spark_version}</Fact>
          <Fact name="Engine">{job.engine}</Fact>
          <Fact name="User">{job.user}</Fact>
          <Fact name="Type">{job.job_type}</Fact>
          <Fact name="Origin">{job.origin}</Fact>
          <Fact name="Recorded">
            <Time value={job.created_time} />
          </Fact>
          <Fact name="Started">
            <Time value={job.start_time} />
          </Fact>
          <Fact name="Ended">
            <Time value={job.end_time} />
          </Fact>
          <Fact name="Executors">{formatCount(job.num_executors)}</Fact>
          <Fact name="Stages">{formatCount(job.num_stages)}</Fact>
          <Fact name="Exit code">{job.exit_code}</Fact>
          <Fact name="Time-out">
            <Millis value={detail.timeout_ms} />
          </Fact>
          <Fact name="Spec">{detail.spec_name}</Fact>
          {Object.entries(detail.parameters).map(([name, value]) => (
            <Fact key={name} name={`Parameter ${name}`}>
              {value}
            </Fact>
          ))}
        </dl>
        {detail.notes.length > 0 && (
          <>
            <h3 className="facts-head">Notes</h3>
            <ul className="sentences">
              {detail.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </>
        )}
        {detail.attempts.length > 1 && (
          <>
            <h3 className="facts-head">Attempts</h3>
            <ul className="sentences">
              {detail.attempts.map((attempt) => (
                <li key={attempt.attempt}>
                  {attempt.attempt}: {attempt.state}, recorded <Time value={attempt.created_time} />
                  , ended <Time value={attempt.end_time} />
                </li>
              ))}
            </ul>
          </>
        )}
        {properties.length > 0 && (
          <details className="facts-head">
            <summary>
              <h3 className="inline">Spark properties</h3>{' '}
              <span className="faint">{formatCount(properties.length)}</span>
            </summary>
            <table className="table properties" aria-label="Spark properties">
              <thead>
                <tr>
                  <th scope="col">Property</th>
                  <th scope="col">Value</th>
                </tr>
              </thead>
              <tbody>
                {properties.map(([name, value]) => (
                  <tr key={name}>
                    <td className="mono">{name}</td>
                    <td className="mono">{value}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        )}
      </div>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children ?? <span className="faint">–</span>}</dd>
    </div>
  );
}
