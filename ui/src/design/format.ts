/** Shown for what is not known. Zero is a value and is shown as zero. */
export const UNKNOWN = '–';

type Maybe = number | null | undefined;

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const counts = new Intl.NumberFormat('en-US');
const percents = new Intl.NumberFormat('en-US', {
  style: 'percent',
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});
const clock = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Bytes in binary units (1 KiB = 1024 B), one decimal, as the command line prints them. */
export function formatBytes(bytes: Maybe): string {
  if (bytes == null) return UNKNOWN;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit + 1 < BYTE_UNITS.length) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A duration as `999 ms`, `59.9 s`, `1m 01s` or `1h 02m`, as the command line prints it. */
export function formatMillis(milliseconds: Maybe): string {
  if (milliseconds == null) return UNKNOWN;
  const ms = Math.floor(milliseconds);
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m ${twoDigits((ms % 60_000) / 1_000)}s`;
  return `${Math.floor(ms / 3_600_000)}h ${twoDigits((ms % 3_600_000) / 60_000)}m`;
}

/** A whole number with separated thousands. */
export function formatCount(count: Maybe): string {
  return count == null ? UNKNOWN : counts.format(count);
}

/** A change as a signed percentage: `0.25` is `+25%`. */
export function formatChange(ratio: Maybe): string {
  return ratio == null ? UNKNOWN : percents.format(ratio);
}

/** A moment in the reader's time zone, without the year. */
export function formatTime(time: string | null | undefined): string {
  return time == null ? UNKNOWN : clock.format(new Date(time));
}

/** The exact number behind a rounded one, for titles; nothing when it is unknown. */
export function exactly(value: Maybe, unit: string): string | undefined {
  return value == null ? undefined : `${counts.format(value)} ${unit}`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
