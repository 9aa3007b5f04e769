import { describe, expect, it } from 'vitest';
import {
  exactly,
  formatBytes,
  formatChange,
  formatCount,
  formatMillis,
  formatTime,
} from './format';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [20 * 2 ** 30, '20.0 GiB'],
    [3 * 2 ** 60, '3072.0 PiB'],
  ])('shows %d as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatMillis', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [59_940, '59.9 s'],
    [61_000, '1m 01s'],
    [119_999, '1m 59s'],
    [3_720_000, '1h 02m'],
  ])('shows %d ms as %s', (ms, text) => expect(formatMillis(ms)).toBe(text));
});

it('shows what is unknown as a dash and never as zero', () => {
  for (const unknown of [null, undefined]) {
    expect(formatBytes(unknown)).toBe('–');
    expect(formatMillis(unknown)).toBe('–');
    expect(formatCount(unknown)).toBe('–');
    expect(formatTime(unknown)).toBe('–');
    expect(formatChange(unknown)).toBe('–');
    expect(exactly(unknown, 'B')).toBeUndefined();
  }
});

it('keeps the exact number for titles', () => {
  expect(exactly(1_234_567, 'B')).toBe('1,234,567 B');
});

it('signs changes', () => {
  expect(formatChange(0.254)).toBe('+25.4%');
  expect(formatChange(-0.5)).toBe('-50%');
  expect(formatChange(0)).toBe('0%');
});
