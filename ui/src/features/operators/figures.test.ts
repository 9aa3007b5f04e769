import { expect, it } from 'vitest';
import type { Operator, OperatorMetric } from '@/api/types';
import { formatMetric, isDetail, rowsOf, sizeOf, timeOf } from './figures';

const operator = (name: string, ...metrics: OperatorMetric[]): Operator => ({
  operator_id: 1,
  name,
  description: '',
  stage_ids: [],
  metrics,
  figures: {},
  input_ids: [],
  output_ids: [],
});

it('takes the longest time, whatever its unit', () => {
  const exchange = operator(
    'Exchange',
    { name: 'shuffle write time', unit: 'ns', value: 5_000_000_000 },
    { name: 'fetch wait time', unit: 'ms', value: 40 },
    { name: 'number of partitions', unit: 'count', value: 9_999_999 },
  );
  expect(timeOf(exchange)).toEqual({ name: 'shuffle write time', value: 5_000 });
});

it('takes data that moved for the size, not memory', () => {
  const sort = operator('Sort', { name: 'peak memory', unit: 'bytes', value: 64 });
  expect(sizeOf(sort)).toBeUndefined();
  const scan = operator('Scan parquet', { name: 'size of files read', unit: 'bytes', value: 8 });
  expect(sizeOf(scan)?.value).toBe(8);
});

it('keeps what was not reported apart from zero', () => {
  expect(
    rowsOf(operator('Filter', { name: 'number of output rows', unit: 'count' })),
  ).toBeUndefined();
  expect(
    rowsOf(operator('Filter', { name: 'number of output rows', unit: 'count', value: 0 }))?.value,
  ).toBe(0);
  expect(formatMetric({ name: 'x', unit: 'bytes', value: null })).toBe('–');
});

it('shows every value with its unit', () => {
  expect(formatMetric({ name: 'x', unit: 'bytes', value: 2048 })).toBe('2.0 KiB');
  expect(formatMetric({ name: 'x', unit: 'ns', value: 1_500_000_000 })).toBe('1.5 s');
  expect(formatMetric({ name: 'x', unit: 'tenths', value: 15 })).toBe('1.5 (sum of averages)');
});

it('counts wrappers as details and real work not', () => {
  expect(isDetail(operator('WholeStageCodegen (2)'))).toBe(true);
  expect(isDetail(operator('ShuffleQueryStage'))).toBe(true);
  expect(isDetail(operator('SortMergeJoin'))).toBe(false);
});
