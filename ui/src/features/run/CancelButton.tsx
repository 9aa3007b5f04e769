import { Square } from 'lucide-react';
import { useState } from 'react';
import { useCancelJob } from '@/api/queries/jobs';
import type { Job } from '@/api/types';
import { Dialog } from '@/design/Dialog';
import { ProblemView } from '@/design/feedback';

/** Asks for the end of a run, after a question: what ran so far is lost. */
export function CancelButton({ job }: { job: Job }) {
  const [asking, setAsking] = useState(false);
  const cancel = useCancelJob(job.job_id);
  return (
    <>
      <button
        type="button"
        className="button danger"
        disabled={cancel.isPending || cancel.isSuccess}
        onClick={() => setAsking(true)}
      >
        <Square size={12} aria-hidden />
        {cancel.isPending || cancel.isSuccess ? 'Cancelling…' : 'Cancel job'}
      </button>
      {asking && (
        <Dialog title={`Cancel ${job.job_name}?`} onClose={() => setAsking(false)}>
          <p>Spark stops the job and its running tasks. Output that was not committed is lost.</p>
          {cancel.isError && <ProblemView error={cancel.error} />}
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              Keep running
            </button>
            <button
              type="button"
              className="button danger filled"
              disabled={cancel.isPending}
              onClick={() => cancel.mutate(undefined, { onSuccess: () => setAsking(false) })}
            >
              Cancel job
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
