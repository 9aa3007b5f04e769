import { queryOptions, skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { bodyOf, http } from '../client';
import { reportStream, useStreamState } from '../connection';
import { mergeProgress, openStream } from '../live';
import { appendLog, emptyLog, isRead, type Log } from '../log';
import type { paths } from '../schema.gen';
import { isLiveJob } from '../states';
import type { Job, JobDetail, JobProgress } from '../types';

/** Tables of a run that lasts are asked for again this often while their tab is open. */
const REFETCH_TABLES_MS = 2_000;

/** What a page of tasks is asked for with. */
export type TaskListQuery = NonNullable<
  paths['/api/jobs/{job_id}/tasks']['get']['parameters']['query']
>;

const params = (jobId: string) => ({ path: { job_id: jobId } });

/** A run without its tables. */
export function jobQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}', { params: params(jobId), signal })),
  });
}

/** The newest progress message; the event stream writes it, nothing fetches it. */
export function progressQuery(jobId: string) {
  return queryOptions<JobProgress>({ queryKey: ['progress', jobId], queryFn: skipToken });
}

/**
 * A run, followed by one event stream for as long as it is live. Everything known of it is asked for again once
 * it has ended, because the event log may correct what the stream said.
 */
export function useLiveJob(jobId: string) {
  const queries = useQueryClient();
  const streamState = useStreamState();
  const result = useQuery({
    ...jobQuery(jobId),
    refetchInterval: ({ state: { data } }) => {
      if (!data) return false;
      if (isLiveJob(data.job)) return streamState === 'open' ? false : 5_000;
      if (data.job.state === 'lost') return 5_000;
      return awaitsReport(data.job) ? 3_000 : false;
    },
  });
  const live = result.data !== undefined && isLiveJob(result.data.job);

  useEffect(() => {
    if (!live) return;
    const onProgress = (data: string) => {
      const progress = JSON.parse(data) as JobProgress;
      queries.setQueryData(progressQuery(jobId).queryKey, progress);
      queries.setQueryData<JobDetail>(['job', jobId], (detail) =>
        detail ? mergeProgress(detail, progress) : detail,
      );
    };
    const close = openStream(`/api/jobs/${encodeURIComponent(jobId)}/events`, {
      events: { progress: onProgress },
      endsWith: 'end',
      onState: reportStream,
    });
    return () => {
      close();
      void queries.invalidateQueries({ queryKey: ['job', jobId] });
    };
  }, [live, jobId, queries]);

  return result;
}

/** Whether a run that has just ended will get its report. Older runs without one never were analyzed. */
export function awaitsReport(job: Job): boolean {
  if (isLiveJob(job) || job.num_findings != null || !job.end_time) return false;
  return Date.now() - Date.parse(job.end_time) < 120_000;
}

/** How often a table of this run is asked for again; `false` when it cannot change. */
function pace(job: Job | undefined) {
  return job && (isLiveJob(job) || awaitsReport(job)) ? REFETCH_TABLES_MS : (false as const);
}

export function stagesQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'stages'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/stages', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function executorsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'executors'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/executors', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

/** The executors that have a log of their own. */
export function executorLogsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'executor logs'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/log/executors', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function operatorsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'operators'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/operators', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function errorsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'errors'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/errors', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function expectationsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'expectations'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/expectations', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function executedQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'executed'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/executed', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function timelineQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'timeline'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/timeline', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function findingsQuery(jobId: string, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'findings'],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/findings', { params: params(jobId), signal })),
    refetchInterval: pace(job),
  });
}

export function tasksQuery(jobId: string, query: TaskListQuery, job?: Job) {
  return queryOptions({
    queryKey: ['job', jobId, 'tasks', query],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/tasks', { params: { ...params(jobId), query }, signal })),
    refetchInterval: pace(job),
  });
}

/** Spec and PySpark never change once a run exists. */
export function specQuery(jobId: string) {
  return queryOptions({
    queryKey: ['spec', jobId],
    queryFn: ({ signal }) =>
      bodyOf(http.GET('/api/jobs/{job_id}/spec', { params: params(jobId), signal })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** An earlier run beside a later one. */
export function compareQuery(before: string, after: string) {
  return queryOptions({
    queryKey: ['job', after, 'compare', before],
    queryFn: ({ signal }) =>
      bodyOf(
        http.GET('/api/jobs/{job_id}/compare/{other_id}', {
          params: { path: { job_id: before, other_id: after } },
          signal,
        }),
      ),
  });
}

/** How much of a log is fetched at once, in bytes; a longer log is first read from this far before its end. */
const LOG_PAGE_BYTES = 1024 * 1024;

/** How often a growing log is read on. */
const LOG_POLL_MS = 1_000;

/**
 * The log of the driver or an executor, read on while the view is open. `whole` begins at the first byte; otherwise a
 * long log begins near its end.
 */
export function useLog(jobId: string, executor: string | undefined, whole: boolean) {
  const queries = useQueryClient();
  // A negative offset counts from the end.
  const read = (offset: number, signal: AbortSignal) =>
    bodyOf(
      http.GET('/api/jobs/{job_id}/log', {
        params: { ...params(jobId), query: { executor, offset, limit: LOG_PAGE_BYTES } },
        signal,
      }),
    );
  const queryKey = ['log', jobId, executor, whole];
  return useQuery({
    queryKey,
    queryFn: async ({ signal }): Promise<Log> => {
      const log = queries.getQueryData<Log>(queryKey);
      const page = await read(log?.nextOffset ?? (whole ? 0 : -LOG_PAGE_BYTES), signal);
      return appendLog(log ?? emptyLog(page.offset), page);
    },
    staleTime: ({ state }) => (state.data && isRead(state.data) ? Number.POSITIVE_INFINITY : 0),
    refetchInterval: ({ state: { data } }) => {
      if (!data) return LOG_POLL_MS;
      if (isRead(data)) return false;
      return data.nextOffset < data.size ? 1 : LOG_POLL_MS;
    },
    structuralSharing: false,
  });
}
