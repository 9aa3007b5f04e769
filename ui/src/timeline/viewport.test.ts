import { describe, expect, it } from 'vitest';
import { clamp, MIN_SPAN_MS, pan, reveal, ticks, toMs, toX, wholeRun, zoomAt } from './viewport';

const LENGTH = 100_000;
/** Repeatable numbers in [0, 1) (the minimal standard generator of Park and Miller, 1988). */
function* randoms(seed = 42) {
  let state = seed;
  while (true) {
    state = (state * 48_271) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

describe('zoomAt', () => {
  it('keeps the moment under the pointer where it is, away from the edges', () => {
    const view = { from: 40_000, to: 60_000 };
    const zoomed = zoomAt(view, 45_000, 0.5, LENGTH);
    expect(toX(zoomed, 800, 45_000)).toBeCloseTo(toX(view, 800, 45_000));
    expect(zoomed.to - zoomed.from).toBeCloseTo(10_000);
  });

  it('goes back where it came from', () => {
    const view = { from: 40_000, to: 60_000 };
    const back = zoomAt(zoomAt(view, 52_000, 0.8, LENGTH), 52_000, 1.25, LENGTH);
    expect(back.from).toBeCloseTo(view.from);
    expect(back.to).toBeCloseTo(view.to);
  });

  it('stops at the finest span and at the whole run', () => {
    const close = zoomAt({ from: 0, to: 20 }, 10, 0.001, LENGTH);
    expect(close.to - close.from).toBeCloseTo(MIN_SPAN_MS);
    expect(zoomAt({ from: 0, to: 50_000 }, 10, 100, LENGTH)).toEqual(wholeRun(LENGTH));
  });
});

it('never leaves the run, whatever is done', () => {
  const random = randoms();
  const next = () => random.next().value as number;
  let view = wholeRun(LENGTH);
  const whole = wholeRun(LENGTH).to;
  for (let step = 0; step < 2_000; step++) {
    view =
      next() < 0.5
        ? pan(view, next() * 4 - 2, LENGTH)
        : zoomAt(view, toMs(view, 1, next()), 0.2 + next() * 2, LENGTH);
    expect(view.from).toBeGreaterThanOrEqual(0);
    expect(view.to).toBeLessThanOrEqual(whole + 1e-6);
    expect(view.to - view.from).toBeGreaterThanOrEqual(MIN_SPAN_MS - 1e-6);
  }
});

it('brings nonsense from an address back into the run', () => {
  expect(clamp({ from: -5_000, to: -1_000 }, LENGTH)).toEqual({ from: 0, to: 4_000 });
  expect(clamp({ from: 5_000, to: 1_000 }, LENGTH)).toEqual({
    from: 5_000,
    to: 5_000 + MIN_SPAN_MS,
  });
});

it('turns moments into pixels and back', () => {
  const view = { from: 250, to: 1_250 };
  expect(toX(view, 500, 750)).toBe(250);
  expect(toMs(view, 500, toX(view, 500, 333))).toBeCloseTo(333);
});

describe('reveal', () => {
  const view = { from: 1_000, to: 2_000 };
  it('leaves a view alone that shows all of it', () => {
    expect(reveal(view, 1_200, 1_900, LENGTH)).toBe(view);
  });
  it('moves to what lies before and after without zooming', () => {
    for (const [start, end] of [
      [100, 300],
      [5_000, 5_100],
    ] as const) {
      const moved = reveal(view, start, end, LENGTH);
      expect(moved.from).toBeLessThanOrEqual(start);
      expect(moved.to).toBeGreaterThanOrEqual(end);
      expect(moved.to - moved.from).toBeCloseTo(1_000);
    }
  });
});

describe('ticks', () => {
  it('are round, in view and far enough apart at every scale', () => {
    for (let span = 10; span < 1e9; span *= 3) {
      const view = { from: span / 7, to: span / 7 + span };
      const marks = ticks(view, 900);
      expect(marks.length).toBeLessThanOrEqual(11);
      expect(marks.length).toBeGreaterThan(0);
      for (const mark of marks) {
        expect(mark.at).toBeGreaterThanOrEqual(view.from);
        expect(mark.at).toBeLessThanOrEqual(view.to);
      }
      expect(new Set(marks.map((mark) => mark.label)).size).toBe(marks.length);
    }
  });

  it('read as clock time once they pass a minute', () => {
    const marks = ticks({ from: 0, to: 7_200_000 }, 900);
    expect(marks.map((mark) => mark.label)).toContain('1:30:00');
  });
});
