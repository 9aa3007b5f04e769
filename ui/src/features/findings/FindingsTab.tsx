import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useLocation } from '@tanstack/react-router';
import { useEffect } from 'react';
import { awaitsReport, findingsQuery, jobQuery } from '@/api/queries/job';
import { isLive } from '@/api/states';
import type { Finding, Job } from '@/api/types';
import { Empty, Loaded, Warning } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { Severity } from '@/design/Status';
import { AdvicePanel, WithheldPanel } from './AdvicePanel';
import { EffectView } from './EffectView';
import { PatchView } from './PatchView';
import './findings.css';

const route = getRouteApi('/jobs/$jobId/findings');

/** What is wrong or wasteful, with its proof, and what to change. */
export function FindingsTab() {
  const { jobId } = route.useParams();
  const detail = useQuery(jobQuery(jobId)).data;
  const report = useQuery(findingsQuery(jobId, detail?.job));
  const hash = useLocation({ select: (location) => location.hash });
  const loaded = report.data !== undefined;
  useEffect(() => {
    if (loaded && hash) document.getElementById(hash)?.scrollIntoView();
  }, [loaded, hash]);

  return (
    <div className="page">
      <Loaded query={report} what="findings">
        {({ partial, findings, omitted_findings, advice, withheld }) => (
          <>
            {partial && (
              <Warning>
                <strong>This report is partial.</strong> {partial}
              </Warning>
            )}
            {advice.length > 0 && (
              <AdvicePanel advice={advice} specName={detail?.spec_name ?? undefined} />
            )}
            {findings.length === 0 ? (
              <section className="panel">
                <NoFindings job={detail?.job} />
              </section>
            ) : (
              findings.map((finding) => (
                <FindingCard key={finding.finding_id} jobId={jobId} finding={finding} />
              ))
            )}
            {omitted_findings > 0 && (
              <p className="muted">
                {formatCount(omitted_findings)} more findings with smaller stakes are not shown.
              </p>
            )}
            {withheld.length > 0 && <WithheldPanel withheld={withheld} />}
          </>
        )}
      </Loaded>
    </div>
  );
}

function NoFindings({ job }: { job: Job | undefined }) {
  if (job && isLive(job.state)) {
    return (
      <Empty title="No finding so far">
        <p>Findings come while the job runs, and for good when its event log is read.</p>
      </Empty>
    );
  }
  if (job && awaitsReport(job)) return <Empty title="The report is being made" />;
  return (
    <Empty title="No finding">
      <p>No rule found something wrong or wasteful in what was recorded.</p>
    </Empty>
  );
}

function FindingCard({ jobId, finding }: { jobId: string; finding: Finding }) {
  const { subject, effect } = finding;
  return (
    <article
      className="panel finding"
      id={finding.finding_id}
      aria-labelledby={`${finding.finding_id}-title`}
    >
      <div className="panel-head">
        <Severity severity={finding.severity} />
        <h2 id={`${finding.finding_id}-title`}>{finding.title}</h2>
        <span className="grow" />
        <SubjectLink jobId={jobId} subject={subject} />
        <code className="faint">{finding.rule}</code>
      </div>
      <div className="panel-body finding-body">
        <p className="explanation">{finding.explanation}</p>
        <table className="table evidence" aria-label={`Evidence for: ${finding.title}`}>
          <thead>
            <tr>
              <th scope="col">Evidence</th>
              <th scope="col" className="numeric">
                Measured
              </th>
              <th scope="col" className="numeric">
                Threshold
              </th>
              <th scope="col">Source of the threshold</th>
            </tr>
          </thead>
          <tbody>
            {finding.evidence.map((evidence) => (
              <tr key={`${evidence.metric} ${evidence.value}`}>
                <td>{evidence.metric}</td>
                <td className="numeric">{evidence.value}</td>
                <td className="numeric">
                  {evidence.threshold ?? <span className="faint">–</span>}
                </td>
                <td className="muted">{evidence.source ?? <span className="faint">–</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {effect && (
          <p>
            <span className="muted">At stake</span> <EffectView effect={effect} />{' '}
            <span className="muted">— {effect.formula}</span>
          </p>
        )}
        {finding.remedies.length > 0 && (
          <div>
            <h3>What you can do</h3>
            <ul className="remedies">
              {finding.remedies.map((remedy) => (
                <li key={remedy}>{remedy}</li>
              ))}
            </ul>
          </div>
        )}
        {finding.patches.length > 0 && (
          <p className="patches">
            <span className="muted">Would be mended by</span>
            {finding.patches.map((patch) => (
              <PatchView key={`${patch.target}=${patch.value}`} patch={patch} />
            ))}
          </p>
        )}
      </div>
    </article>
  );
}

function SubjectLink({ jobId, subject }: { jobId: string; subject: Finding['subject'] }) {
  if (subject.execution_id != null) {
    return (
      <Link
        to="/jobs/$jobId/operators"
        params={{ jobId }}
        search={{
          execution: subject.execution_id,
          ...(subject.operator_id != null && { operator: subject.operator_id }),
        }}
      >
        {subject.label}
      </Link>
    );
  }
  if (subject.stage_id != null) {
    return (
      <Link to="/jobs/$jobId/timeline" params={{ jobId }} search={{ stage: subject.stage_id }}>
        {subject.label}
      </Link>
    );
  }
  return <span className="muted">{subject.label}</span>;
}
