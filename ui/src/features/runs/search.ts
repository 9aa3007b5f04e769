import type { JobListQuery } from '@/api/queries/jobs';
import { JOB_STATES } from '@/api/states';
import { parseSort, printSort, type Sort } from '@/table/sort';

/** What the address of the list says; what is missing has its default. */
export interface RunsSearch {
  state?: string[];
  type?: string;
  search?: string;
  sort?: string;
  page?: number;
  size?: number;
}

/** Types that every server knows; data sets bring their own. */
export const JOB_TYPES = ['batch', 'streaming', 'application'];

/** What the server can sort by. */
export const SORTABLE = [
  'created_time',
  'start_time',
  'duration_ms',
  'job_name',
  'state',
  'task_time_ms',
  'input_bytes',
  'shuffle_read_bytes',
  'shuffle_write_bytes',
  'disk_spill_bytes',
  'num_findings',
] as const;

export const DEFAULT_SIZE = 20;
const DEFAULT_SORT: Sort = { by: 'created_time', order: 'desc' };
const SIZES = [10, 20, 50, 100];

/** Reads an address; what makes no sense is dropped, defaults are left out. */
export function parseRunsSearch(raw: Record<string, unknown>): RunsSearch {
  const search: RunsSearch = {};
  const states = [raw.state].flat().filter((state): state is string => isState(state));
  if (states.length > 0) search.state = [...new Set(states)];
  if (typeof raw.type === 'string' && raw.type !== '') search.type = raw.type;
  if (typeof raw.search === 'string' && raw.search !== '') search.search = raw.search;
  const sort = parseSort(raw.sort, SORTABLE);
  if (sort && printSort(sort) !== printSort(DEFAULT_SORT)) search.sort = printSort(sort);
  const page = Number(raw.page);
  if (Number.isSafeInteger(page) && page > 1) search.page = page;
  const size = Number(raw.size);
  if (SIZES.includes(size) && size !== DEFAULT_SIZE) search.size = size;
  return search;
}

/** The order that an address asks for. */
export function sortOf(search: RunsSearch): Sort {
  return parseSort(search.sort, SORTABLE) ?? DEFAULT_SORT;
}

/** What the server is asked for. */
export function listQuery(search: RunsSearch): JobListQuery {
  const { by, order } = sortOf(search);
  const limit = search.size ?? DEFAULT_SIZE;
  return {
    ...(search.state && { state: search.state.join(',') }),
    ...(search.type && { job_type: search.type }),
    ...(search.search && { search: search.search }),
    sort_by: by,
    sort_order: order,
    limit,
    offset: ((search.page ?? 1) - 1) * limit,
  };
}

/** Whether anything narrows the list. */
export function isFiltered(search: RunsSearch): boolean {
  return Boolean(search.state || search.type || search.search);
}

function isState(state: unknown): boolean {
  return (JOB_STATES as readonly unknown[]).includes(state);
}
