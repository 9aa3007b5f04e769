import { formatCount } from './format';

/** Done, running and failed parts of a planned whole. Without a plan it only says that something is going on. */
export function ProgressBar({
  label,
  planned,
  complete,
  active = 0,
  failed = 0,
}: {
  label: string;
  planned: number | undefined;
  complete: number;
  active?: number;
  failed?: number;
}) {
  if (!planned) {
    return (
      <div className="bar unknown" role="progressbar" aria-label={label}>
        <span />
      </div>
    );
  }
  const share = (count: number) => ({ width: `${Math.min(100, (count / planned) * 100)}%` });
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={planned}
      aria-valuenow={Math.min(complete, planned)}
      aria-valuetext={`${formatCount(complete)} of ${formatCount(planned)} tasks complete`}
    >
      <span style={share(complete)} />
      <span className="failed" style={share(failed)} />
      <span className="active" style={share(active)} />
    </div>
  );
}
