import type { Effect } from '@/api/types';
import { formatMillis } from '@/design/format';

/** How much can be saved, as `1.2 s to 3.4 s of task time (up to 25 %)`. */
export function EffectView({ effect }: { effect: Effect }) {
  const { low_ms, high_ms, high_ratio, measure } = effect;
  return (
    <span title={effect.formula} className="nowrap">
      <strong>
        {low_ms === high_ms
          ? formatMillis(low_ms)
          : `${formatMillis(low_ms)} to ${formatMillis(high_ms)}`}
      </strong>{' '}
      of {measure} <span className="faint">(up to {Math.round(high_ratio * 100)} %)</span>
    </span>
  );
}
