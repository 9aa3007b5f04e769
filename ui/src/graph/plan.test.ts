import { describe, expect, it } from 'vitest';
import type { Operator } from '@/api/types';
import { BOX_HEIGHT, BOX_WIDTH, layOutPlan } from './layout';
import { collapse, type Plan, refusal } from './plan';

const operator = (operator_id: number): Operator => ({
  operator_id,
  name: `Op${operator_id}`,
  description: '',
  stage_ids: [],
  metrics: [],
  figures: {},
  input_ids: [],
  output_ids: [],
});

/** Two scans into a join, then a chain; node 9 hangs on two consumers. */
const plan: Plan = {
  operators: [1, 2, 3, 4, 5, 6, 9].map(operator),
  edges: [
    { from: 1, to: 3 },
    { from: 2, to: 3 },
    { from: 3, to: 4 },
    { from: 4, to: 5 },
    { from: 5, to: 6 },
    { from: 9, to: 2 },
    { from: 9, to: 6 },
  ],
};

describe('collapse', () => {
  it('connects what stays past what goes', () => {
    const small = collapse(plan, ({ operator_id }) => ![2, 4, 5].includes(operator_id));
    expect(small.operators.map(({ operator_id }) => operator_id)).toEqual([1, 3, 6, 9]);
    const pairs = small.edges.map(({ from, to }) => `${from}-${to}`).toSorted();
    expect(pairs).toEqual(['1-3', '3-6', '9-3', '9-6']);
  });

  it('changes nothing when everything stays', () => {
    const same = collapse(plan, () => true);
    expect(same.operators).toEqual(plan.operators);
    expect(same.edges).toHaveLength(plan.edges.length);
  });

  it('ends on a plan with a cycle, which no Spark should send', () => {
    const cyclic = { ...plan, edges: [...plan.edges, { from: 5, to: 4 }] };
    expect(collapse(cyclic, ({ operator_id }) => operator_id < 4).edges).toHaveLength(2);
  });
});

describe('layOutPlan', () => {
  it('gives every operator a box that overlaps no other, producers above consumers', () => {
    const { boxes, routes, width, height } = layOutPlan(plan);
    const box = (id: number) => boxes.find((each) => each.id === id);
    expect(boxes).toHaveLength(plan.operators.length);
    expect(routes).toHaveLength(plan.edges.length);
    for (const { from, to } of plan.edges) {
      expect(box(from)?.y).toBeLessThan(box(to)?.y ?? 0);
    }
    boxes.forEach((a, index) => {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x + BOX_WIDTH).toBeLessThanOrEqual(width);
      expect(a.y + BOX_HEIGHT).toBeLessThanOrEqual(height);
      for (const b of boxes.slice(index + 1)) {
        const apart = Math.abs(a.x - b.x) >= BOX_WIDTH || Math.abs(a.y - b.y) >= BOX_HEIGHT;
        expect(apart, `${a.id} and ${b.id}`).toBe(true);
      }
    });
  });

  it('leaves out edges to operators that are not there', () => {
    expect(layOutPlan({ operators: [operator(1)], edges: [{ from: 1, to: 77 }] }).routes).toEqual(
      [],
    );
  });
});

it('refuses plans that are too large to draw and says so', () => {
  const large = { operators: Array.from({ length: 301 }, (_, id) => operator(id)), edges: [] };
  expect(refusal(large)).toContain('301 operators');
  expect(refusal(plan)).toBeUndefined();
});
