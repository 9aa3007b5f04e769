import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { progressQuery } from '@/api/queries/job';
import { stateLabel } from '@/api/states';
import type { Job, StageProgress } from '@/api/types';
import { Warning } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { ProgressBar } from '@/design/Progress';
import { Status } from '@/design/Status';
import { Bytes } from '@/design/values';
import { byInterest, totalOf } from './progress';

/** Stages shown before the reader asks for more. */
const FEW = 12;

/** How far a run is, as the event stream says. */
export function LiveProgress({ jobId, job }: { jobId: string; job: Job }) {
  const { data: progress } = useQuery(progressQuery(jobId));
  const [all, setAll] = useState(false);
  const total = progress && totalOf(progress);
  const stages = byInterest(progress?.stages ?? []);
  const shown = all ? stages : stages.slice(0, FEW);
  return (
    <section className="panel" aria-labelledby="progress-head">
      <div className="panel-head">
        <h2 id="progress-head">Progress</h2>
        <span className="grow" />
        {total && total.planned > 0 && (
          <span className="muted">
            <strong data-live="complete" data-value={total.complete}>
              {formatCount(total.complete)}
            </strong>{' '}
            of <span data-live="planned">{formatCount(total.planned)}</span> tasks complete ·{' '}
            {formatCount(total.active)} running
            {total.failed > 0 && <span className="bad"> · {formatCount(total.failed)} failed</span>}
          </span>
        )}
      </div>
      <div className="panel-body live">
        <ProgressBar
          label="Tasks of this job"
          planned={total?.planned}
          complete={total?.complete ?? 0}
          active={total?.active ?? 0}
          failed={total?.failed ?? 0}
        />
        {stages.length === 0 ? (
          <p className="muted">
            {job.state === 'running'
              ? 'Spark has not submitted a stage yet.'
              : `${stateLabel(job.state)}: Spark has not started yet.`}
          </p>
        ) : (
          <ul className="stage-bars">
            {shown.map((stage) => (
              <StageBar key={`${stage.stage_id}.${stage.attempt}`} stage={stage} />
            ))}
          </ul>
        )}
        {stages.length > shown.length && (
          <button type="button" className="button plain" onClick={() => setAll(true)}>
            Show all {formatCount(stages.length)} stages
          </button>
        )}
        <ShedEvents shed={progress?.shed_events ?? {}} />
      </div>
    </section>
  );
}

function StageBar({ stage }: { stage: StageProgress }) {
  const id = stage.attempt > 0 ? `${stage.stage_id}.${stage.attempt}` : `${stage.stage_id}`;
  return (
    <li>
      <span className="mono faint">{id}</span>
      <span className="stage-name" title={stage.name}>
        {stage.name}
      </span>
      <Status state={stage.status} />
      <ProgressBar
        label={`Stage ${id}`}
        planned={stage.num_tasks}
        complete={stage.num_complete_tasks}
        active={stage.num_active_tasks}
        failed={stage.num_failed_tasks}
      />
      <span className="stage-count">
        {formatCount(stage.num_complete_tasks)} / {formatCount(stage.num_tasks)}
        {stage.num_failed_tasks > 0 && (
          <span className="bad"> · {formatCount(stage.num_failed_tasks)} failed</span>
        )}
      </span>
      <span className="stage-shuffle faint">
        shuffle <Bytes value={stage.shuffle_read_bytes + stage.shuffle_write_bytes} />
      </span>
    </li>
  );
}

function ShedEvents({ shed }: { shed: Record<string, number> }) {
  const kinds = Object.entries(shed).filter(([, count]) => count > 0);
  if (kinds.length === 0) return null;
  return (
    <Warning>
      Live figures are too low until the event log is read, because events were shed:{' '}
      {kinds.map(([kind, count]) => `${formatCount(count)} ${kind}`).join(', ')}.
    </Warning>
  );
}
