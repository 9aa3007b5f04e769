import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { jobsQuery, useLiveJobs } from '@/api/queries/jobs';
import { Command } from '@/design/CopyButton';
import { Empty, Loaded } from '@/design/feedback';
import { DataTable } from '@/table/DataTable';
import { Pager } from '@/table/Pager';
import { printSort } from '@/table/sort';
import { RUN_COLUMNS } from './columns';
import { Filters } from './Filters';
import { DEFAULT_SIZE, isFiltered, listQuery, type RunsSearch, sortOf } from './search';
import './runs.css';

const route = getRouteApi('/jobs');

/** All runs, a page at a time; filters, order and page are in the address. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const jobs = useQuery(jobsQuery(listQuery(search)));
  useLiveJobs();

  const change = (next: Partial<RunsSearch>, replace = false) =>
    void navigate({
      search: (former) => ({ ...former, page: undefined, ...next }),
      replace,
    });

  return (
    <main className="page" id="main">
      <h1>Jobs</h1>
      <section className="panel" aria-label="List of jobs">
        <Filters search={search} onChange={change} />
        <Loaded query={jobs} what="jobs">
          {({ jobs: rows, pagination }) =>
            rows.length === 0 ? (
              <NoRuns filtered={isFiltered(search)} onClear={() => void navigate({ search: {} })} />
            ) : (
              <>
                <DataTable
                  label="Jobs"
                  columns={RUN_COLUMNS}
                  rows={rows}
                  keyOf={(job) => job.job_id}
                  sort={sortOf(search)}
                  onSort={(sort) => change({ sort: printSort(sort) })}
                  sortedByServer
                />
                <Pager
                  what="jobs"
                  total={pagination.total}
                  page={search.page ?? 1}
                  size={search.size ?? DEFAULT_SIZE}
                  onPage={(page) => change({ page })}
                  onSize={(size) => change({ size })}
                />
              </>
            )
          }
        </Loaded>
      </section>
    </main>
  );
}

function NoRuns({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty title="No job matches these filters">
        <button type="button" className="button" onClick={onClear}>
          Clear filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title="No jobs yet">
      <p>Run the example, and it shows up here while it runs:</p>
      <Command text="tinderbox run examples/customer-analytics.yaml" />
    </Empty>
  );
}
