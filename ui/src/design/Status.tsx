import { Info, OctagonAlert, TriangleAlert } from 'lucide-react';
import { stateLabel } from '@/api/states';

/** The look of each state; what is not here is waiting. */
const LOOKS: Record<string, string> = {
  running: 'running',
  starting: 'running',
  submitting: 'running',
  active: 'running',
  queued: 'waiting',
  pending: 'waiting',
  succeeded: 'good',
  success: 'good',
  completed: 'good',
  complete: 'good',
  passed: 'good',
  failed: 'bad',
  timed_out: 'warn',
  warned: 'warn',
  dropped: 'warn',
  quarantined: 'warn',
  cancelled: 'neutral',
  killed: 'neutral',
  skipped: 'waiting',
  lost: 'odd',
};

/** The state of a run, a stage or a task, or what came of an expectation: shape and word as well as color. */
export function Status({ state }: { state: string }) {
  const name = state.toLowerCase();
  return (
    <span className={`status ${LOOKS[name] ?? 'waiting'}`} data-state={name}>
      {stateLabel(name)}
    </span>
  );
}

/** How grave a finding is: shape and word as well as color. With a count it stands for several findings. */
export function Severity({ severity, count }: { severity: string; count?: number }) {
  const Icon = ICONS[severity] ?? Info;
  return (
    <span
      className={`severity ${severity}`}
      title={count === undefined ? undefined : `${count} findings, the worst is ${severity}`}
    >
      <Icon size={12} aria-hidden />
      {count ?? stateLabel(severity)}
    </span>
  );
}

const ICONS: Record<string, typeof Info> = {
  critical: OctagonAlert,
  warning: TriangleAlert,
  info: Info,
};
