/** The part of time that is in view, in milliseconds from the run's start. `from < to`. */
export interface Viewport {
  readonly from: number;
  readonly to: number;
}

/** A mark on the time axis. */
export interface Tick {
  /** Milliseconds from the run's start. */
  at: number;
  label: string;
}

/** The narrowest view, in milliseconds: Spark measures no finer. */
export const MIN_SPAN_MS = 10;

/** The whole run, with a little room at the right so that the last bar is seen to end. */
export function wholeRun(lengthMs: number): Viewport {
  return { from: 0, to: Math.max(lengthMs * 1.01, MIN_SPAN_MS) };
}

/** The nearest view that is neither too narrow nor outside the run. */
export function clamp(view: Viewport, lengthMs: number): Viewport {
  const whole = wholeRun(lengthMs);
  const span = Math.min(Math.max(view.to - view.from, MIN_SPAN_MS), whole.to);
  const from = Math.min(Math.max(view.from, 0), whole.to - span);
  return { from, to: from + span };
}

/** Zooms by `factor` (below 1 is closer) while `anchorMs` keeps its place on the screen. */
export function zoomAt(
  view: Viewport,
  anchorMs: number,
  factor: number,
  lengthMs: number,
): Viewport {
  const span = Math.max((view.to - view.from) * factor, MIN_SPAN_MS);
  const share = (anchorMs - view.from) / (view.to - view.from);
  const from = anchorMs - span * share;
  return clamp({ from, to: from + span }, lengthMs);
}

/** Moves by a share of what is in view; positive is later. */
export function pan(view: Viewport, share: number, lengthMs: number): Viewport {
  const step = (view.to - view.from) * share;
  return clamp({ from: view.from + step, to: view.to + step }, lengthMs);
}

/** Moves as little as possible so that an interval is in view; one that is longer shows its begin. */
export function reveal(view: Viewport, start: number, end: number, lengthMs: number): Viewport {
  if (start >= view.from && end <= view.to) return view;
  const span = view.to - view.from;
  const margin = span * 0.05;
  const from = start < view.from || end - start > span ? start - margin : end + margin - span;
  return clamp({ from, to: from + span }, lengthMs);
}

/** Where a moment lies on a screen of `width` pixels. */
export function toX(view: Viewport, width: number, ms: number): number {
  return ((ms - view.from) / (view.to - view.from)) * width;
}

/** The moment under a pixel. */
export function toMs(view: Viewport, width: number, x: number): number {
  return view.from + (x / width) * (view.to - view.from);
}

const TICK_STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
];

/** Round moments at least `minPx` pixels apart. */
export function ticks(view: Viewport, width: number, minPx = 90): Tick[] {
  const wanted = ((view.to - view.from) / width) * minPx;
  const largest = TICK_STEPS_MS.at(-1) ?? 1;
  const step =
    TICK_STEPS_MS.find((candidate) => candidate >= wanted) ?? Math.ceil(wanted / largest) * largest;
  const marks: Tick[] = [];
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    marks.push({ at, label: tickLabel(at, step) });
  }
  return marks;
}

/** `1:02:03`, `2:03`, `3.25 s`: as many places as the step needs. */
function tickLabel(at: number, step: number): string {
  if (step < 1_000) {
    return `${(at / 1_000).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} s`;
  }
  const seconds = Math.round(at / 1_000);
  if (seconds < 60 && step < 60_000) return `${seconds} s`;
  const pad = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${pad(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}
