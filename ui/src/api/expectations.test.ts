import { expect, it } from 'vitest';
import { failedShare, formatShare, summarize } from './expectations';
import type { ExpectationResult } from './types';

function result(
  status: string,
  rows = 10,
  failed = 0,
  passed: number | null = 10,
): ExpectationResult {
  return {
    node: 'orders',
    name: status,
    kind: 'not_null',
    on_fail: 'warn',
    status,
    rows,
    failed,
    passed,
  };
}

it('counts what was not met and names the gravest outcome', () => {
  expect(summarize([])).toBeUndefined();
  expect(summarize([result('passed')])).toEqual({ unmet: 0, worst: 'passed' });
  const all = ['passed', 'warned', 'dropped', 'quarantined'].map((status) => result(status));
  expect(summarize(all)).toEqual({ unmet: 3, worst: 'quarantined' });
  expect(summarize([...all, result('failed')])?.worst).toBe('failed');
  expect(summarize([...all, result('of a later version')])?.worst).toBe('of a later version');
});

it('has a share only where rows are right or wrong', () => {
  expect(failedShare(result('warned', 8, 2, 6))).toBe(0.25);
  expect(failedShare(result('warned', 8, 1, null))).toBeUndefined();
  expect(failedShare(result('passed', 0, 0, 0))).toBeUndefined();
});

it('never rounds a share to nothing or to all', () => {
  expect([undefined, 0, 1, 0.25, 1 / 3].map(formatShare)).toEqual([
    '–',
    '0 %',
    '100 %',
    '25 %',
    '33.3 %',
  ]);
  expect([0.000_01, 0.999_99].map(formatShare)).toEqual(['< 0.1 %', '> 99.9 %']);
});
