import type { Direction } from './hit_test';

/** What a key does in the timeline. */
export type Command =
  | { kind: 'pan'; share: number }
  | { kind: 'zoom'; factor: number }
  | { kind: 'fit' }
  | { kind: 'select'; direction: Direction }
  | { kind: 'focus_task' }
  | { kind: 'clear' };

const COMMANDS: Record<string, Command> = {
  ArrowLeft: { kind: 'select', direction: 'earlier' },
  ArrowRight: { kind: 'select', direction: 'later' },
  ArrowUp: { kind: 'select', direction: 'up' },
  ArrowDown: { kind: 'select', direction: 'down' },
  Enter: { kind: 'focus_task' },
  Escape: { kind: 'clear' },
  a: { kind: 'pan', share: -0.2 },
  d: { kind: 'pan', share: 0.2 },
  w: { kind: 'zoom', factor: 0.7 },
  s: { kind: 'zoom', factor: 1 / 0.7 },
  '+': { kind: 'zoom', factor: 0.7 },
  '=': { kind: 'zoom', factor: 0.7 },
  '-': { kind: 'zoom', factor: 1 / 0.7 },
  '0': { kind: 'fit' },
};

/** The command of a key press; none with a modifier, which belongs to the browser. */
export function commandOf(event: {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}): Command | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  return COMMANDS[event.key] ?? COMMANDS[event.key.toLowerCase()];
}
