import { expect, it } from 'vitest';
import { cutAtMatches, findLines, levelOf } from './find';

it('finds lines without regard to case', () => {
  expect(findLines(['Alpha', 'beta', 'ALPHABET'], 'alpha')).toEqual([0, 2]);
  expect(findLines(['Alpha'], '')).toEqual([]);
});

it('cuts a line so that its parts together are the line', () => {
  const line = 'task 1 failed, Task 2 failed';
  const parts = cutAtMatches(line, 'task');
  expect(parts).toEqual(['', 'task', ' 1 failed, ', 'Task', ' 2 failed']);
  expect(parts.join('')).toBe(line);
  expect(cutAtMatches(line, 'nothing')).toEqual([line]);
});

it('sees levels as words only', () => {
  expect(levelOf('26/11/20 18:58:31 ERROR Executor: x')).toBe('bad');
  expect(levelOf('26/11/20 18:58:31 WARN TaskSetManager: x')).toBe('warn');
  expect(levelOf('26/11/20 18:58:31 INFO wrote TERRORS')).toBeUndefined();
});
