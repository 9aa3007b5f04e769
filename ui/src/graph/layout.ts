import { Graph, layout } from '@dagrejs/dagre';
import type { Plan } from './plan';

/** A box of the drawing, in pixels; `x` and `y` are its upper left corner. */
export interface Box {
  id: number;
  x: number;
  y: number;
}

/** An edge of the drawing as points from the producer to the consumer. */
export interface Route {
  from: number;
  to: number;
  points: { x: number; y: number }[];
}

/** A plan with a place for everything. */
export interface Drawing {
  boxes: Box[];
  routes: Route[];
  width: number;
  height: number;
}

/** Size of every box, in pixels. */
export const BOX_WIDTH = 232;
export const BOX_HEIGHT = 62;

/** Layers from producers (top) to consumers (bottom). */
export function layOutPlan({ operators, edges }: Plan): Drawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 42, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { operator_id } of operators) {
    graph.setNode(String(operator_id), { width: BOX_WIDTH, height: BOX_HEIGHT });
  }
  for (const { from, to } of edges) {
    if (graph.hasNode(String(from)) && graph.hasNode(String(to))) {
      graph.setEdge(String(from), String(to));
    }
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: graph.nodes().map((id) => {
      const node = graph.node(id) as { x: number; y: number };
      return { id: Number(id), x: node.x - BOX_WIDTH / 2, y: node.y - BOX_HEIGHT / 2 };
    }),
    routes: graph.edges().map(({ v, w }) => ({
      from: Number(v),
      to: Number(w),
      points: (graph.edge(v, w) as { points: Route['points'] }).points,
    })),
  };
}

/** A path through points with rounded corners, as SVG path data. */
export function smoothPath(points: Route['points']): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (!first || !last) return '';
  const corners = rest.map((corner, index) => {
    const next = rest[index + 1] ?? last;
    return `Q${corner.x},${corner.y} ${(corner.x + next.x) / 2},${(corner.y + next.y) / 2}`;
  });
  return `M${first.x},${first.y} ${corners.join(' ')} L${last.x},${last.y}`;
}
