import { parseSort, printSort, type Sort } from '@/table/sort';

/** What the address of the stages says. */
export interface StagesSearch {
  sort?: string;
}

/** Columns whose order can be in the address. */
const SORTABLE = [
  'stage_id',
  'name',
  'status',
  'num_tasks',
  'duration_ms',
  'executor_run_time_ms',
  'executor_cpu_time_ns',
  'gc_time_ms',
  'input_bytes',
  'input_records',
  'output_bytes',
  'output_records',
  'shuffle_read_bytes',
  'shuffle_read_records',
  'shuffle_write_bytes',
  'shuffle_write_records',
  'shuffle_fetch_wait_ms',
  'memory_spill_bytes',
  'disk_spill_bytes',
  'peak_execution_memory_bytes',
  'task_duration_ms.max',
];

const DEFAULT_SORT: Sort = { by: 'stage_id', order: 'asc' };

export function parseStagesSearch(raw: Record<string, unknown>): StagesSearch {
  const sort = parseSort(raw.sort, SORTABLE);
  return sort ? { sort: printSort(sort) } : {};
}

/** The order that an address asks for. */
export function sortOf(search: StagesSearch): Sort {
  return parseSort(search.sort, SORTABLE) ?? DEFAULT_SORT;
}
