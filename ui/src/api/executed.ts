import type { ExecutedCommand, JobDetail } from './types';

/** What stands in the place of findings and stages: nothing of a run on Spark, else why there are none. */
export function insideOf(detail: JobDetail): { why: string } | undefined {
  return detail.nothing_inside ? { why: detail.nothing_inside } : undefined;
}

/** The first line of a command says what is written where, the lines below it how its rows come about. */
export function headAndPlan({ text }: ExecutedCommand): { head: string; plan: string } {
  const end = text.indexOf('\n');
  if (end < 0) return { head: text, plan: '' };
  const lines = text
    .slice(end + 1)
    .trimEnd()
    .split('\n');
  return {
    head: text.slice(0, end),
    plan: lines.map((line) => (line.startsWith('  ') ? line.slice(2) : line)).join('\n'),
  };
}
