import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { progressQuery } from '@/api/queries/job';
import { stateLabel } from '@/api/states';
import type { Job } from '@/api/types';
import { formatCount } from '@/design/format';

/** Screen readers hear of progress at most this often. */
const SPEAK_EVERY_MS = 5_000;

/** Says how far the run is; changes of state are said at the same pace. */
export function SpokenProgress({ jobId, job }: { jobId: string; job: Job }) {
  const { data: progress } = useQuery(progressQuery(jobId));
  const complete = progress?.stages.reduce((sum, stage) => sum + stage.num_complete_tasks, 0);
  const text = progress
    ? `${stateLabel(job.state)}: ${formatCount(complete)} of ${formatCount(progress.num_planned_tasks)} tasks complete`
    : stateLabel(job.state);
  const newest = useRef(text);
  const [spoken, setSpoken] = useState('');
  useEffect(() => {
    newest.current = text;
  }, [text]);
  useEffect(() => {
    const timer = setInterval(() => setSpoken(newest.current), SPEAK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="spoken" aria-live="polite">
      {spoken}
    </p>
  );
}
