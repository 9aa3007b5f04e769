import type { LogPage } from './types';

/** The part of a driver's log that was read so far, line by line. */
export interface Log {
  /** Where the first line begins, in bytes of the file. */
  start: number;
  /** Whole lines, without their ends. */
  lines: string[];
  /** What was read after the last line end. */
  unfinished: string;
  /** Where to read on, in bytes. */
  nextOffset: number;
  /** Size of the file when it was last read, in bytes. */
  size: number;
  /** Whether the server said that nothing will be added. */
  complete: boolean;
}

/** Nothing read yet, beginning at a byte. */
export function emptyLog(start: number): Log {
  return { start, lines: [], unfinished: '', nextOffset: start, size: start, complete: false };
}

/** Whether all there will ever be has been read. */
export function isRead(log: Log): boolean {
  return log.complete && log.nextOffset >= log.size;
}

/**
 * The log with one more page. A log that begins in the middle of the file drops its first, cut line. A page
 * that does not follow is a repetition and changes nothing.
 */
export function appendLog(log: Log, page: LogPage): Log {
  if (page.offset !== log.nextOffset) return log;
  const parts = (log.unfinished + page.text).split('\n');
  const unfinished = parts.pop() ?? '';
  if (log.start > 0 && log.lines.length === 0 && page.offset === log.start) parts.shift();
  return {
    start: log.start,
    lines: parts.length > 0 ? log.lines.concat(parts.map(withoutReturn)) : log.lines,
    unfinished,
    nextOffset: page.next_offset,
    size: page.size,
    complete: page.complete,
  };
}

/** Every line, the unfinished one last. */
export function linesOf(log: Log): string[] {
  return log.unfinished === '' ? log.lines : [...log.lines, log.unfinished];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
