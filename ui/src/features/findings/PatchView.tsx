import type { Patch } from '@/api/types';

const KINDS: Record<string, string> = {
  configuration: 'Spark configuration',
  resource: 'Resource of the cluster',
  node_parameter: 'Parameter of a node of the spec',
};

/** A change as `what = value`; its kind is in the title. */
export function PatchView({ patch }: { patch: Patch }) {
  return (
    <code className="patch" title={KINDS[patch.kind] ?? patch.kind}>
      {patch.target} = <strong>{patch.value}</strong>
    </code>
  );
}
