import { expect, it } from 'vitest';
import { parseLogSearch } from './search';

it('row 6.9: an executor is named by text or number, anything else is the driver', () => {
  expect(parseLogSearch({ executor: '3' })).toEqual({ executor: '3' });
  expect(parseLogSearch({ executor: 3 })).toEqual({ executor: '3' });
  expect(parseLogSearch({ executor: ['3'] })).toEqual({});
  expect(parseLogSearch({})).toEqual({});
});
