import { expect, it } from 'vitest';
import { isFiltered, listQuery, parseRunsSearch } from './search';

it('drops what makes no sense', () => {
  expect(
    parseRunsSearch({
      state: ['failed', 'sleeping'],
      type: ['x'],
      sort: '-password',
      page: '-3',
      size: '7',
    }),
  ).toEqual({ state: ['failed'] });
});

it('keeps a type that a data set may have', () => {
  expect(parseRunsSearch({ type: 'ETL_Pipeline' })).toEqual({ type: 'ETL_Pipeline' });
});

it('leaves defaults out of the address', () => {
  expect(parseRunsSearch({ sort: '-created_time', page: '1', size: '20', search: '' })).toEqual({});
});

it('reads its own result again without change', () => {
  const search = parseRunsSearch({ state: 'failed', sort: 'job_name', page: '3', size: '50' });
  expect(search).toEqual({ state: ['failed'], sort: 'job_name', page: 3, size: 50 });
  expect(parseRunsSearch({ ...search })).toEqual(search);
});

it('asks the server for the rows of the page', () => {
  expect(
    listQuery({
      page: 3,
      size: 50,
      sort: '-duration_ms',
      type: 'batch',
      state: ['failed', 'lost'],
    }),
  ).toEqual({
    state: 'failed,lost',
    job_type: 'batch',
    sort_by: 'duration_ms',
    sort_order: 'desc',
    limit: 50,
    offset: 100,
  });
});

it('counts pages and order as no filter', () => {
  expect(isFiltered({ page: 2, sort: 'state' })).toBe(false);
  expect(isFiltered({ search: 'x' })).toBe(true);
});
