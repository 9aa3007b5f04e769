import type { Operator, OperatorMetric } from '@/api/types';
import { formatBytes, formatCount, formatMillis, UNKNOWN } from '@/design/format';

/** A metric chosen to stand for an operator. */
export interface Figure {
  /** Spark's name of the metric. */
  name: string;
  /** Rows, milliseconds or bytes, depending on what was asked for. */
  value: number;
}

/** Rows that left the operator. */
export function rowsOf(operator: Operator): Figure | undefined {
  return named(operator, 'number of output rows');
}

/**
 * The longest of the operator's times, in milliseconds. Spark measures different parts of the work under
 * different names, and they overlap, so they must not be added.
 */
export function timeOf(operator: Operator): Figure | undefined {
  const times = operator.metrics.flatMap(({ name, unit, value }) => {
    if (value == null) return [];
    if (unit === 'ms') return [{ name, value }];
    return unit === 'ns' ? [{ name, value: value / 1e6 }] : [];
  });
  return times.toSorted((a, b) => b.value - a.value)[0];
}

/** Data that went through the operator: what it read or wrote rather than what it held in memory. */
export function sizeOf(operator: Operator): Figure | undefined {
  for (const name of [
    'size of files read',
    'shuffle bytes written',
    'data size',
    'written output',
  ]) {
    const figure = named(operator, name);
    if (figure) return figure;
  }
  return undefined;
}

/** What the operator spilled. */
export function spillOf(operator: Operator): Figure | undefined {
  return named(operator, 'spill size');
}

/** The value of a metric with its unit. */
export function formatMetric({ unit, value }: OperatorMetric): string {
  if (value == null) return UNKNOWN;
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'ms':
      return formatMillis(value);
    case 'ns':
      return formatMillis(value / 1e6);
    case 'tenths':
      return `${formatCount(value / 10)} (sum of averages)`;
    default:
      return formatCount(value);
  }
}

/** Whether an operator only passes rows on or wraps others, so that a drawing is clearer without it. */
export function isDetail({ name }: Operator): boolean {
  return DETAILS.has(name) || name.startsWith('WholeStageCodegen') || name.endsWith('QueryStage');
}

const DETAILS = new Set([
  'AdaptiveSparkPlan',
  'AQEShuffleRead',
  'ColumnarToRow',
  'CollapseCodegenStages',
  'Execute',
  'InputAdapter',
  'Project',
  'RowToColumnar',
]);

function named(operator: Operator, name: string): Figure | undefined {
  const value = operator.metrics.find((metric) => metric.name === name)?.value;
  return value == null ? undefined : { name, value };
}
