import type { Operator, OperatorEdge } from '@/api/types';

/** A plan to draw: operators and the edges between them. */
export interface Plan {
  operators: Operator[];
  edges: OperatorEdge[];
}

/**
 * The plan without operators that `keep` refuses; what flowed through them flows past them now. Reachability
 * between the operators that stay is unchanged.
 */
export function collapse({ operators, edges }: Plan, keep: (operator: Operator) => boolean): Plan {
  const kept = new Set(operators.filter(keep).map((operator) => operator.operator_id));
  const consumers = new Map<number, number[]>();
  for (const edge of edges) {
    consumers.set(edge.from, [...(consumers.get(edge.from) ?? []), edge.to]);
  }
  const shown: OperatorEdge[] = [];
  for (const from of kept) {
    const seen = new Set<number>();
    const open = [...(consumers.get(from) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      if (kept.has(next)) shown.push({ from, to: next });
      else open.push(...(consumers.get(next) ?? []));
    }
  }
  return {
    operators: operators.filter((operator) => kept.has(operator.operator_id)),
    edges: shown,
  };
}

/** Why a plan is not drawn; nothing when it can be. */
export function refusal({ operators }: Plan): string | undefined {
  if (operators.length <= MAX_DRAWN) return undefined;
  return `This plan has ${operators.length} operators; more than ${MAX_DRAWN} are not drawn. The table above has them all.`;
}

/** Layout time grows faster than the number of nodes; this many take well under a second. */
const MAX_DRAWN = 300;
