import type { Job, JobDetail, JobList, JobProgress } from './types';

/** How the event stream of the open view stands; `idle` when the view needs none. */
export type StreamState = 'idle' | 'connecting' | 'open' | 'waiting';

/** What came of a changed run for one page of the list. */
export interface PatchedList {
  /** The list with the run's new figures; the same object when it does not hold the run. */
  list: JobList;
  /** Whether rows, order or total may be different now, so that the page must be asked for again. */
  stale: boolean;
}

/** A run's page after a progress message: figures are new, the rest stays. */
export function mergeProgress(detail: JobDetail, progress: JobProgress): JobDetail {
  return detail.job.job_id === progress.job.job_id ? { ...detail, job: progress.job } : detail;
}

/**
 * A page of the list after a run changed. Figures go into the row at once; a new run, or one that changed its
 * state, can belong to another page, which only the server knows.
 */
export function patchJobList(list: JobList, job: Job): PatchedList {
  const index = list.jobs.findIndex((row) => row.job_id === job.job_id);
  if (index < 0) return { list, stale: true };
  const stale = list.jobs[index]?.state !== job.state;
  return { list: { ...list, jobs: list.jobs.with(index, job) }, stale };
}

/** What the listener of a stream gets. */
export interface StreamHandlers {
  /** Message data by event name, as sent. */
  events: Record<string, (data: string) => void>;
  /** Event after which nothing follows: the stream is closed instead of opened again. */
  endsWith?: string;
  onState: (state: StreamState) => void;
}

/** How long a refused stream waits before it asks again; lost connections are EventSource's own business. */
const RETRY_REFUSED_MS = 5_000;

/** Listens until the returned function is called or the ending event comes. */
export function openStream(url: string, { events, endsWith, onState }: StreamHandlers): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    clearTimeout(retry);
    source?.close();
    onState('idle');
  };
  const open = () => {
    onState('connecting');
    source = new EventSource(url);
    source.onopen = () => onState('open');
    source.onerror = () => {
      onState('waiting');
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_REFUSED_MS);
    };
    for (const [name, handle] of Object.entries(events)) {
      source.addEventListener(name, (event) => handle((event as MessageEvent<string>).data));
    }
    if (endsWith) source.addEventListener(endsWith, close);
  };

  open();
  return close;
}
