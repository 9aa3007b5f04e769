import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { jobQuery, timelineQuery } from '@/api/queries/job';
import { Empty, Loaded, Warning } from '@/design/feedback';
import { formatCount } from '@/design/format';
import { DataSetOperators } from '../operators/DataSetOperators';
import { TaskTable } from './TaskTable';
import { TimelineView } from './TimelineView';
import './timeline.css';

const route = getRouteApi('/jobs/$jobId/timeline');

/** When stages and tasks ran, drawn or as a table. */
export function TimelineTab() {
  const { jobId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const timeline = useQuery(timelineQuery(jobId, job));
  const asTable = search.view === 'table';
  return (
    <div className="page">
      <Loaded query={timeline} what="timeline">
        {(data) =>
          data.operators?.length ? (
            <DataSetOperators operators={data.operators} />
          ) : data.stages.length === 0 && data.tasks.task_id.length === 0 ? (
            <section className="panel">
              <Empty title="Nothing has run yet" />
            </section>
          ) : (
            <>
              {data.tasks.omitted > 0 && (
                <Warning>
                  {formatCount(data.tasks.omitted)} short tasks are left out; the{' '}
                  {formatCount(data.tasks.task_id.length)} longest are shown.
                </Warning>
              )}
              <section className="panel" aria-label="Timeline">
                {asTable ? (
                  <TaskTable timeline={data} />
                ) : (
                  <TimelineView
                    timeline={data}
                    search={search}
                    onChange={(next) =>
                      void navigate({ search: (former) => ({ ...former, ...next }), replace: true })
                    }
                  />
                )}
                <div className="timeline-foot">
                  <button
                    type="button"
                    className="button"
                    aria-pressed={asTable}
                    onClick={() =>
                      void navigate({
                        search: (former) => ({ ...former, view: asTable ? undefined : 'table' }),
                      })
                    }
                  >
                    View as table
                  </button>
                  {!asTable && (
                    <span className="muted">
                      Drag or <kbd>A</kbd> <kbd>D</kbd> to move, <kbd>Ctrl</kbd> + wheel or{' '}
                      <kbd>W</kbd> <kbd>S</kbd> to zoom, arrows to go from task to task,{' '}
                      <kbd>Enter</kbd> to zoom to it, <kbd>0</kbd> for all
                    </span>
                  )}
                </div>
              </section>
            </>
          )
        }
      </Loaded>
    </div>
  );
}
