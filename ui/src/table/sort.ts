/** By which column rows are ordered, and which way. */
export interface Sort {
  by: string;
  order: 'asc' | 'desc';
}

/** A value that rows can be ordered by; unknown ones come last in both directions. */
export type SortValue = number | string | null | undefined;

/** The order after a click on a column's header: the other way round, or its natural first one. */
export function nextSort(current: Sort | undefined, by: string, numeric: boolean): Sort {
  if (current?.by === by) return { by, order: current.order === 'asc' ? 'desc' : 'asc' };
  return { by, order: numeric ? 'desc' : 'asc' };
}

/** A sort from an address: `-task_time_ms` is descending. Unknown columns give nothing. */
export function parseSort(text: unknown, allowed: readonly string[]): Sort | undefined {
  if (typeof text !== 'string') return undefined;
  const by = text.replace(/^-/, '');
  if (!allowed.includes(by)) return undefined;
  return { by, order: text.startsWith('-') ? 'desc' : 'asc' };
}

/** The counterpart of `parseSort`. */
export function printSort(sort: Sort): string {
  return sort.order === 'desc' ? `-${sort.by}` : sort.by;
}

/** Rows in order, equal ones as they came. Unknown values are last in both directions. */
export function sortRows<Row>(
  rows: Row[],
  value: (row: Row) => SortValue,
  order: Sort['order'],
): Row[] {
  const sign = order === 'asc' ? 1 : -1;
  return rows.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left == null || right == null) return Number(left == null) - Number(right == null);
    return sign * compareValues(left, right);
  });
}

/** Ascending: numbers by size, text by locale with the numbers in it by size. */
function compareValues(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
