import { parseSort, printSort, type Sort } from '@/table/sort';

/** What the address of the operators says. */
export interface OperatorsSearch {
  /** The SQL execution; the longest one when left out. */
  execution?: number;
  /** The operator whose details are shown. */
  operator?: number;
  sort?: string;
  /** Whether the drawing has every operator. */
  details?: true;
}

const SORTABLE = ['operator_id', 'name', 'rows', 'time', 'size', 'spill'];
const DEFAULT_SORT: Sort = { by: 'time', order: 'desc' };

export function parseOperatorsSearch(raw: Record<string, unknown>): OperatorsSearch {
  const execution = idOf(raw.execution);
  const operator = idOf(raw.operator);
  const sort = parseSort(raw.sort, SORTABLE);
  return {
    ...(execution !== undefined && { execution }),
    ...(operator !== undefined && { operator }),
    ...(sort && { sort: printSort(sort) }),
    ...((raw.details === 'true' || raw.details === true) && { details: true as const }),
  };
}

/** The order that an address asks for. */
export function sortOf(search: OperatorsSearch): Sort {
  return parseSort(search.sort, SORTABLE) ?? DEFAULT_SORT;
}

function idOf(raw: unknown): number | undefined {
  if (raw === undefined || raw === '') return undefined;
  const id = Number(raw);
  return Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}
