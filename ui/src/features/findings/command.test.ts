import { expect, it } from 'vitest';
import type { Advice } from '@/api/types';
import { applyCommand, confArguments } from './command';

const advice = (kind: string, target: string, value: string): Advice => ({
  patch: { kind, target, value },
  finding_ids: [],
  reason: '',
});

it('makes one argument of each configuration and leaves other changes out', () => {
  expect(
    confArguments([
      advice('configuration', 'spark.sql.shuffle.partitions', '64'),
      advice('resource', 'executor_memory', '8g'),
      advice('configuration', 'spark.sql.autoBroadcastJoinThreshold', '64MB'),
    ]),
  ).toBe('--conf spark.sql.shuffle.partitions=64 --conf spark.sql.autoBroadcastJoinThreshold=64MB');
});

it('quotes what a shell would take apart', () => {
  expect(confArguments([advice('configuration', 'spark.x', "-Da='b' $c")])).toBe(
    `--conf 'spark.x=-Da='\\''b'\\'' $c'`,
  );
  expect(applyCommand('my jobs/a.yaml')).toBe("tinderbox run 'my jobs/a.yaml' --apply-advice");
  expect(applyCommand('examples/a.yaml')).toBe('tinderbox run examples/a.yaml --apply-advice');
});
