import { describe, expect, it } from 'vitest';
import { appendLog, emptyLog, isRead, linesOf } from './log';
import type { LogPage } from './types';

/** Pages of a text, cut at the given places. */
function pages(text: string, ...cuts: number[]): LogPage[] {
  const edges = [0, ...cuts, text.length];
  return edges.slice(1).map((end, index) => ({
    text: text.slice(edges[index], end),
    offset: edges[index] ?? 0,
    next_offset: end,
    size: text.length,
    complete: end === text.length,
  }));
}

describe('appendLog', () => {
  const text = 'one\r\ntwo\n\nlast without end';

  it('gives the same lines wherever pages are cut', () => {
    for (let cut = 1; cut < text.length; cut++) {
      const log = pages(text, cut).reduce(appendLog, emptyLog(0));
      expect(linesOf(log)).toEqual(['one', 'two', '', 'last without end']);
      expect(isRead(log)).toBe(true);
    }
  });

  it('ignores a page that was read before', () => {
    const [first] = pages(text, 5);
    if (!first) throw new Error('no page');
    const once = appendLog(emptyLog(0), first);
    expect(appendLog(once, first)).toBe(once);
  });

  it('drops the cut line when it begins in the middle of the file', () => {
    const page = {
      text: 'lf line\nwhole\n',
      offset: 10,
      next_offset: 24,
      size: 24,
      complete: true,
    };
    expect(linesOf(appendLog(emptyLog(10), page))).toEqual(['whole']);
  });

  it('is not read to the end while more may come', () => {
    const page = { text: 'a\n', offset: 0, next_offset: 2, size: 2, complete: false };
    expect(isRead(appendLog(emptyLog(0), page))).toBe(false);
  });
});
