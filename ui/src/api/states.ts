/** Every state of a run, in the order of its life. */
export const JOB_STATES = [
  'queued',
  'submitting',
  'starting',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'lost',
] as const;

/** Whether events of a run in this state are still to come. A lost run may be found again, but sends none. */
export function isLive(state: string): boolean {
  return ['queued', 'submitting', 'starting', 'running'].includes(state);
}

/** A state in words. */
export function stateLabel(state: string): string {
  const words = state.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether a job came with a data set. */
export function isOfDataSet({ origin }: { origin: string }): boolean {
  return origin === 'imported';
}

/** Whether events of a job are still to come. Of a data set none are, whatever state it tells. */
export function isLiveJob(job: { state: string; origin: string }): boolean {
  return isLive(job.state) && !isOfDataSet(job);
}
