import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mergeProgress, openStream, patchJobList } from './live';
import type { Job, JobDetail, JobList, JobProgress } from './types';

const job = (id: string, rest: Partial<Job> = {}) =>
  ({ job_id: id, state: 'running', num_tasks: 1, ...rest }) as Job;

describe('patchJobList', () => {
  const list: JobList = {
    jobs: [job('a'), job('b')],
    pagination: { total: 2, limit: 20, offset: 0, has_more: false },
  };

  it('replaces the row of a changed run and leaves the others as they are', () => {
    const patched = patchJobList(list, job('b', { num_tasks: 7 }));
    expect(patched.list.jobs[1]?.num_tasks).toBe(7);
    expect(patched.list.jobs[0]).toBe(list.jobs[0]);
    expect(patched.stale).toBe(false);
  });

  it('is stale after a change of state, because filters and order may differ', () => {
    expect(patchJobList(list, job('a', { state: 'succeeded' })).stale).toBe(true);
  });

  it('keeps the same list and is stale for a run that it does not hold', () => {
    const patched = patchJobList(list, job('c'));
    expect(patched.list).toBe(list);
    expect(patched.stale).toBe(true);
  });
});

describe('mergeProgress', () => {
  const detail = { job: job('a'), notes: ['n'] } as unknown as JobDetail;

  it('takes the figures and keeps the rest', () => {
    const merged = mergeProgress(detail, { job: job('a', { num_tasks: 9 }) } as JobProgress);
    expect(merged.job.num_tasks).toBe(9);
    expect(merged.notes).toBe(detail.notes);
  });

  it('ignores another run', () => {
    expect(mergeProgress(detail, { job: job('z') } as JobProgress)).toBe(detail);
  });
});

describe('openStream', () => {
  class FakeSource extends EventTarget {
    static CLOSED = 2;
    static made: FakeSource[] = [];
    readyState = 0;
    onopen?: () => void;
    onerror?: () => void;
    constructor(readonly url: string) {
      super();
      FakeSource.made.push(this);
    }
    close() {
      this.readyState = FakeSource.CLOSED;
    }
    send(name: string, data = '') {
      this.dispatchEvent(new MessageEvent(name, { data }));
    }
  }

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.made = [];
    vi.stubGlobal('EventSource', FakeSource);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('hands messages on by name and closes at the ending event', () => {
    const seen: string[] = [];
    const states: string[] = [];
    openStream('/events', {
      events: { progress: (data) => seen.push(data) },
      endsWith: 'end',
      onState: (state) => states.push(state),
    });
    const source = FakeSource.made[0];
    source?.onopen?.();
    source?.send('progress', '1');
    source?.send('other', '2');
    source?.send('end');
    expect(seen).toEqual(['1']);
    expect(states).toEqual(['connecting', 'open', 'idle']);
    expect(source?.readyState).toBe(FakeSource.CLOSED);
  });

  it('asks again after a refusal, and not after it was closed', () => {
    const close = openStream('/events', { events: {}, onState: () => {} });
    const first = FakeSource.made[0];
    if (first) first.readyState = FakeSource.CLOSED;
    first?.onerror?.();
    vi.advanceTimersByTime(5_000);
    expect(FakeSource.made).toHaveLength(2);
    FakeSource.made[1]?.close();
    FakeSource.made[1]?.onerror?.();
    close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.made).toHaveLength(2);
  });
});
