import type { ExpectationResult } from './types';

/** Outcomes from the one that matters most to the one that matters least. */
const GRAVITY = ['failed', 'quarantined', 'dropped', 'warned', 'passed'];

/** How many expectations were not met, and the gravest outcome; `undefined` when there are none. */
export function summarize(
  results: ExpectationResult[],
): { unmet: number; worst: string } | undefined {
  const [worst] = [...results].sort((a, b) => gravity(a.status) - gravity(b.status));
  if (!worst) return undefined;
  return { unmet: results.filter(({ status }) => status !== 'passed').length, worst: worst.status };
}

/** The share of rows that were wrong; `undefined` where it is not rows that are right or wrong. */
export function failedShare({ rows, failed, passed }: ExpectationResult): number | undefined {
  return passed == null || rows === 0 ? undefined : failed / rows;
}

/** A share in percent; one that is not zero is never shown as zero, one that is not all never as all. */
export function formatShare(share: number | undefined): string {
  if (share === undefined) return '–';
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return '< 0.1 %';
  if (percent < 100 && percent > 99.9) return '> 99.9 %';
  return `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;
}

/** The place of an outcome in the order of what matters; one that is not known matters. */
export function gravity(status: string): number {
  return GRAVITY.indexOf(status);
}
