import type { Advice } from '@/api/types';

/** The arguments of spark-submit that carry out advice on configuration; nothing for other kinds. */
export function confArguments(advice: Advice[]): string {
  return advice
    .filter(({ patch }) => patch.kind === 'configuration')
    .map(({ patch }) => `--conf ${quoted(`${patch.target}=${patch.value}`)}`)
    .join(' ');
}

/** The command that runs a spec again with its advice. */
export function applyCommand(specName: string): string {
  return `tinderbox run ${quoted(specName)} --apply-advice`;
}

/** One word for a POSIX shell; quotes only where they are needed. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
