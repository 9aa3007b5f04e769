import { expect, it } from 'vitest';
import { parseTimelineSearch } from './search';

it('reads a window, a stage and the view', () => {
  expect(parseTimelineSearch({ from: '10', to: '20.5', stage: '4', view: 'table' })).toEqual({
    from: 10,
    to: 20.5,
    stage: 4,
    view: 'table',
  });
});

it('drops half windows, reversed ones and what is no number', () => {
  expect(parseTimelineSearch({ from: '10' })).toEqual({});
  expect(parseTimelineSearch({ from: '30', to: '20' })).toEqual({});
  expect(parseTimelineSearch({ from: 'a', to: 'b', stage: '1.5', view: 'x' })).toEqual({});
});
