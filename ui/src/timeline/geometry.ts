/** Where things lie on the canvas, in CSS pixels from its top. */
export interface Geometry {
  stagesTop: number;
  stageRows: number;
  lanesTop: number;
  lanes: number;
  laneHeight: number;
  height: number;
}

/** What a pixel belongs to. */
export type Area =
  | { kind: 'stages'; row: number }
  | { kind: 'lanes'; lane: number }
  | { kind: 'none' };

export const AXIS_HEIGHT = 24;
export const STAGE_HEIGHT = 20;
const SECTION_GAP = 22;
/** What lanes should fill together before they get thinner, and the limits of one lane. */
const LANES_HEIGHT = 420;
const MIN_LANE_HEIGHT = 4;
const MAX_LANE_HEIGHT = 18;

/** Stage rows above task lanes; many lanes are thin. */
export function layOut(stageRows: number, lanes: number): Geometry {
  const stagesTop = AXIS_HEIGHT + SECTION_GAP;
  const lanesTop = stagesTop + stageRows * STAGE_HEIGHT + SECTION_GAP;
  const laneHeight = Math.round(
    Math.min(MAX_LANE_HEIGHT, Math.max(MIN_LANE_HEIGHT, LANES_HEIGHT / Math.max(lanes, 1))),
  );
  const height = lanesTop + lanes * laneHeight + 8;
  return { stagesTop, stageRows, lanesTop, lanes, laneHeight, height };
}

/** What lies at a height. */
export function areaAt(geometry: Geometry, y: number): Area {
  const row = Math.floor((y - geometry.stagesTop) / STAGE_HEIGHT);
  if (row >= 0 && row < geometry.stageRows) return { kind: 'stages', row };
  const lane = Math.floor((y - geometry.lanesTop) / geometry.laneHeight);
  if (lane >= 0 && lane < geometry.lanes) return { kind: 'lanes', lane };
  return { kind: 'none' };
}
