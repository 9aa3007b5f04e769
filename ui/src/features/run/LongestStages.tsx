import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { stagesQuery } from '@/api/queries/job';
import type { Job } from '@/api/types';
import { Loaded } from '@/design/feedback';
import { Millis } from '@/design/values';

/** The stages that took most of the run's task time. */
export function LongestStages({ jobId, job }: { jobId: string; job: Job }) {
  const stages = useQuery(stagesQuery(jobId, job));
  return (
    <section className="panel" aria-labelledby="longest-head">
      <div className="panel-head">
        <h2 id="longest-head">Stages by task time</h2>
        <span className="grow" />
        <Link to="/jobs/$jobId/timeline" params={{ jobId }}>
          Timeline
        </Link>
        <Link to="/jobs/$jobId/stages" params={{ jobId }}>
          All stages
        </Link>
      </div>
      <div className="panel-body">
        <Loaded query={stages} what="stages">
          {(list) => {
            const longest = list.stages
              .filter((stage) => stage.executor_run_time_ms > 0)
              .toSorted((a, b) => b.executor_run_time_ms - a.executor_run_time_ms)
              .slice(0, 5);
            if (longest.length === 0) return <p className="muted">No stage has run yet.</p>;
            const most = longest[0]?.executor_run_time_ms ?? 1;
            return (
              <ul className="longest">
                {longest.map((stage) => (
                  <li key={`${stage.stage_id}.${stage.attempt}`}>
                    <span className="mono faint">{stage.stage_id}</span>
                    <span className="stage-name" title={stage.name}>
                      {stage.name}
                    </span>
                    <Millis value={stage.executor_run_time_ms} />
                    <span className="share" aria-hidden>
                      <span style={{ width: `${(stage.executor_run_time_ms / most) * 100}%` }} />
                    </span>
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </div>
    </section>
  );
}
