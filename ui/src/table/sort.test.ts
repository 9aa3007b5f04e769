import { describe, expect, it } from 'vitest';
import { nextSort, parseSort, printSort, sortRows } from './sort';

describe('nextSort', () => {
  it('begins with the largest for numbers and with A for names, then turns round', () => {
    const first = nextSort(undefined, 'duration_ms', true);
    expect(first).toEqual({ by: 'duration_ms', order: 'desc' });
    expect(nextSort(first, 'duration_ms', true).order).toBe('asc');
    expect(nextSort(first, 'job_name', false)).toEqual({ by: 'job_name', order: 'asc' });
  });
});

describe('parseSort', () => {
  it('reads back what was printed', () => {
    for (const sort of [
      { by: 'a', order: 'asc' },
      { by: 'a', order: 'desc' },
    ] as const) {
      expect(parseSort(printSort(sort), ['a'])).toEqual(sort);
    }
  });

  it('refuses columns that do not exist and values that are no text', () => {
    expect(parseSort('drop', ['a'])).toBeUndefined();
    expect(parseSort(['a'], ['a'])).toBeUndefined();
  });
});

describe('sortRows', () => {
  const value = (row: { v: number | string | null }) => row.v;

  it('puts unknown values last in both directions', () => {
    const rows = [{ v: null }, { v: 1 }, { v: 3 }, { v: null }, { v: 2 }];
    expect(sortRows(rows, value, 'asc').map(value)).toEqual([1, 2, 3, null, null]);
    expect(sortRows(rows, value, 'desc').map(value)).toEqual([3, 2, 1, null, null]);
  });

  it('orders numbers inside names by size', () => {
    const rows = [{ v: 'exec 10' }, { v: 'exec 9' }];
    expect(sortRows(rows, value, 'asc').map(value)).toEqual(['exec 9', 'exec 10']);
  });

  it('keeps the order of equal rows', () => {
    const rows = [1, 2, 3].map((id) => ({ id, v: 7 }));
    expect(sortRows(rows, value, 'desc').map(({ id }) => id)).toEqual([1, 2, 3]);
  });
});
