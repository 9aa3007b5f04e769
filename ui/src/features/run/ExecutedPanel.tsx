import { useQuery } from '@tanstack/react-query';
import { headAndPlan } from '@/api/executed';
import { executedQuery } from '@/api/queries/job';
import type { Job } from '@/api/types';
import { Loaded } from '@/design/feedback';
import { Source } from '@/design/Source';

/** What a run on Sail has executed, and why it shows nothing else. */
export function ExecutedPanel({ job, why }: { job: Job; why: string }) {
  const executed = useQuery(executedQuery(job.job_id, job));
  return (
    <section className="panel" aria-labelledby="executed-head">
      <div className="panel-head">
        <h2 id="executed-head">Executed</h2>
        <span className="muted">Commands of Spark Connect, in their order</span>
      </div>
      <p className="panel-body muted">{why}.</p>
      <Loaded query={executed} what="executed commands">
        {({ commands }) =>
          commands.length === 0 ? (
            <p className="panel-body muted">Nothing has been executed.</p>
          ) : (
            <ol className="panel-body">
              {commands.map((command) => {
                const { head, plan } = headAndPlan(command);
                return (
                  <li key={command.plan_url}>
                    <strong className="mono">{command.node}</strong> {head}{' '}
                    <a href={command.plan_url} download={`${command.node}.pb`}>
                      as it was sent
                    </a>
                    <Source text={plan} label={`Relation of ${command.node}`} />
                  </li>
                );
              })}
            </ol>
          )
        }
      </Loaded>
    </section>
  );
}
