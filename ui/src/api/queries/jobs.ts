import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { bodyOf, http } from '../client';
import { reportStream } from '../connection';
import { openStream, patchJobList } from '../live';
import type { paths } from '../schema.gen';
import type { Job, JobList } from '../types';

/** What a page of the list is asked for with. */
export type JobListQuery = NonNullable<paths['/api/jobs']['get']['parameters']['query']>;

/** A page of runs. The former page stays until the next one is there. */
export function jobsQuery(query: JobListQuery) {
  return queryOptions({
    queryKey: ['jobs', query],
    queryFn: ({ signal }) => bodyOf(http.GET('/api/jobs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** Who answers, and how many runs there are in each state. */
export function serverQuery() {
  return queryOptions({
    queryKey: ['server'],
    queryFn: ({ signal }) => bodyOf(http.GET('/api/server', { signal })),
    refetchInterval: 30_000,
  });
}

/** The types of all jobs, of data sets too. */
export function jobTypesQuery() {
  return queryOptions({
    queryKey: ['job-types'],
    queryFn: ({ signal }) => bodyOf(http.GET('/api/job-types', { signal })),
    refetchInterval: 30_000,
  });
}

/** Pages whose rows or order may have changed are asked for again at most this often. */
const REFETCH_LISTS_MS = 1_000;

/** Keeps every page of the list in step with the server while the view is open. */
export function useLiveJobs() {
  const queries = useQueryClient();
  useEffect(() => {
    let refetch: ReturnType<typeof setTimeout> | undefined;
    const onJob = (data: string) => {
      const job = JSON.parse(data) as Job;
      let stale = false;
      queries.setQueriesData<JobList>({ queryKey: ['jobs'] }, (list) => {
        if (!list) return list;
        const patched = patchJobList(list, job);
        stale ||= patched.stale;
        return patched.list;
      });
      if (stale) {
        refetch ??= setTimeout(() => {
          refetch = undefined;
          void queries.invalidateQueries({ queryKey: ['jobs'] });
          void queries.invalidateQueries({ queryKey: ['server'] });
        }, REFETCH_LISTS_MS);
      }
    };
    let wasLost = false;
    const close = openStream('/api/events', {
      events: { job: onJob },
      onState: (state) => {
        reportStream(state);
        // What happened in between was not sent.
        if (state === 'open' && wasLost) void queries.invalidateQueries({ queryKey: ['jobs'] });
        wasLost = state === 'waiting' || (wasLost && state !== 'open');
      },
    });
    return () => {
      clearTimeout(refetch);
      close();
    };
  }, [queries]);
}

/** Asks for the end of a run. */
export function useCancelJob(jobId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      bodyOf(http.POST('/api/jobs/{job_id}/cancel', { params: { path: { job_id: jobId } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['job', jobId] }),
  });
}
