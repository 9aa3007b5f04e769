import { expect, it } from 'vitest';
import { parseSearch, printSearch } from './search';

it('reads back what was printed, special characters included', () => {
  const search = { search: 'a&b=c d/ü "%', state: ['failed', 'lost'], page: '2' };
  expect(parseSearch(printSearch(search))).toEqual(search);
});

it('leaves out what is not set, so that the plain page has a plain address', () => {
  expect(printSearch({ page: undefined, state: [], search: '' })).toBe('');
});

it('gives a single value as text and a repeated one as list', () => {
  expect(parseSearch('?a=1&b=2&b=3')).toEqual({ a: '1', b: ['2', '3'] });
});
