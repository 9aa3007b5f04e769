import { expect, it } from 'vitest';
import { matching, score } from './match';

const items = ['Go to jobs', 'Go to failed jobs', 'This job: stages', 'Theme: dark'].map(
  (label) => ({ label }),
);

it('finds letters in order and nothing else', () => {
  expect(score('Theme: dark', 'tdk')).toBeDefined();
  expect(score('Theme: dark', 'kd')).toBeUndefined();
});

it('puts beginnings of words first', () => {
  expect(matching(items, 'st')[0]?.label).toBe('This job: stages');
  expect(matching(items, 'fail')[0]?.label).toBe('Go to failed jobs');
});

it('keeps the order while nothing is typed', () => {
  expect(matching(items, '  ')).toEqual(items);
});
