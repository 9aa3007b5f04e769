import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { failedShare, formatShare, gravity } from '@/api/expectations';
import { expectationsQuery, jobQuery } from '@/api/queries/job';
import { isLive } from '@/api/states';
import type { ExpectationResult } from '@/api/types';
import { Empty, Loaded } from '@/design/feedback';
import { Status } from '@/design/Status';
import { Count } from '@/design/values';
import { type Column, DataTable } from '@/table/DataTable';
import type { Sort } from '@/table/sort';

const route = getRouteApi('/jobs/$jobId/expectations');

/** What came of the expectations of the job's nodes, in the order in which they were checked. */
export function ExpectationsTab() {
  const { jobId } = route.useParams();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const expectations = useQuery(expectationsQuery(jobId, job));
  const [sort, setSort] = useState<Sort>();
  return (
    <div className="page">
      <section className="panel" aria-label="Expectations">
        <Loaded query={expectations} what="expectations">
          {(list) =>
            list.expectations.length === 0 ? (
              <Empty title="No expectation">
                <p>
                  {job && isLive(job.state)
                    ? 'None was checked so far.'
                    : 'The nodes of this job expect nothing of their rows.'}
                </p>
              </Empty>
            ) : (
              <DataTable
                label="Expectations"
                columns={COLUMNS}
                rows={list.expectations}
                keyOf={(result) => `${result.node} ${result.name}`}
                sort={sort}
                onSort={setSort}
              />
            )
          }
        </Loaded>
      </section>
    </div>
  );
}

const COLUMNS: Column<ExpectationResult>[] = [
  {
    id: 'status',
    header: 'Result',
    value: ({ status }) => gravity(status),
    cell: ({ status }) => <Status state={status} />,
  },
  {
    id: 'node',
    header: 'Node',
    value: ({ node }) => node,
    cell: ({ node }) => <span className="mono">{node}</span>,
  },
  {
    id: 'name',
    header: 'Expectation',
    value: ({ name }) => name,
    cell: ({ name, kind }) => (
      <>
        <span className="mono">{name}</span>
        {name !== kind && <span className="faint"> {kind.replaceAll('_', ' ')}</span>}
      </>
    ),
  },
  {
    id: 'on_fail',
    header: 'If not met',
    title: 'What the document says to do: warn, drop, quarantine or fail',
    value: (result) => result.on_fail,
    cell: (result) => result.on_fail,
  },
  {
    id: 'rows',
    header: 'Rows',
    numeric: true,
    value: ({ rows }) => rows,
    cell: ({ rows }) => <Count value={rows} of="rows" />,
  },
  {
    id: 'failed',
    header: 'Wrong',
    title: 'Rows that were wrong; of an expectation of the node as a whole 1 when it is not met',
    numeric: true,
    value: ({ failed }) => failed,
    cell: ({ failed }) => <Count value={failed} of="wrong" />,
  },
  {
    id: 'share',
    header: 'Share',
    title: 'Wrong rows among all; a dash where an expectation is not of single rows',
    numeric: true,
    value: (result) => failedShare(result) ?? -1,
    cell: (result) => formatShare(failedShare(result)),
  },
];
