import { exactly, formatBytes, formatCount, formatMillis, formatTime } from './format';

type Maybe = number | null | undefined;

/** Bytes, rounded; the exact number is in the title and in `data-value`. */
export function Bytes({ value }: { value: Maybe }) {
  return <Figure text={formatBytes(value)} exact={exactly(value, 'B')} value={value} />;
}

/** A duration in milliseconds. */
export function Millis({ value }: { value: Maybe }) {
  return <Figure text={formatMillis(value)} exact={exactly(value, 'ms')} value={value} />;
}

/** A CPU time in nanoseconds, shown in milliseconds and up. */
export function Nanos({ value }: { value: Maybe }) {
  const text = formatMillis(value == null ? value : value / 1e6);
  return <Figure text={text} exact={exactly(value, 'ns')} value={value} />;
}

/** A number of things; the label beside it names them. */
export function Count({ value, of }: { value: Maybe; of: string }) {
  return <Figure text={formatCount(value)} exact={exactly(value, of)} value={value} />;
}

/** A moment in the reader's time zone; the title has it in UTC. */
export function Time({ value }: { value: string | null | undefined }) {
  if (value == null) return <span className="faint">{formatTime(value)}</span>;
  return (
    <time dateTime={value} title={value} className="nowrap">
      {formatTime(value)}
    </time>
  );
}

function Figure({ text, exact, value }: { text: string; exact: string | undefined; value: Maybe }) {
  return (
    <span
      className={value ? 'nowrap' : 'nowrap faint'}
      title={exact}
      data-value={value ?? undefined}
    >
      {text}
    </span>
  );
}
