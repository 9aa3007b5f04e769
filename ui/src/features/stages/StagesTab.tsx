import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { jobQuery, stagesQuery } from '@/api/queries/job';
import { Empty, Loaded } from '@/design/feedback';
import { DataTable } from '@/table/DataTable';
import { printSort } from '@/table/sort';
import { renderVirtualRows } from '@/table/VirtualRows';
import { STAGE_COLUMNS, stageKey } from './columns';
import { StageDetails } from './StageDetails';
import { sortOf } from './search';
import './stages.css';

const route = getRouteApi('/jobs/$jobId/stages');

/** From here on only the rows in sight are on the page. */
const MANY = 200;

/** Every number of every stage attempt. */
export function StagesTab() {
  const { jobId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const stages = useQuery(stagesQuery(jobId, job));
  return (
    <div className="page">
      <section className="panel stages" aria-label="Stages">
        <Loaded query={stages} what="stages">
          {(list) =>
            list.stages.length === 0 ? (
              <Empty title="No stage yet">
                <p>Spark makes stages when an action runs.</p>
              </Empty>
            ) : (
              <DataTable
                label="Stages"
                columns={STAGE_COLUMNS}
                rows={list.stages}
                keyOf={stageKey}
                sort={sortOf(search)}
                onSort={(sort) =>
                  void navigate({ search: { sort: printSort(sort) }, replace: true })
                }
                expand={(stage) => <StageDetails jobId={jobId} job={job} stage={stage} />}
                renderRows={list.stages.length > MANY ? renderVirtualRows : undefined}
              />
            )
          }
        </Loaded>
      </section>
    </div>
  );
}
