import type { TimelineTasks } from '@/api/types';
import { countWithin, EMPTY, laneCells, pixelsOf } from './cells';
import { AXIS_HEIGHT, type Geometry, STAGE_HEIGHT } from './geometry';
import { at, type Lane, type StageBar, tasksWithin } from './lanes';
import { ticks, toX, type Viewport } from './viewport';

/** Colors as the canvas takes them, already resolved for the theme. */
export interface Palette {
  stages: readonly string[];
  failed: string;
  text: string;
  onStage: string;
  muted: string;
  grid: string;
  surface: string;
  selection: string;
}

/** Everything a frame shows. */
export interface Scene {
  tasks: TimelineTasks;
  lanes: Lane[];
  bars: StageBar[];
  geometry: Geometry;
  view: Viewport;
  /** Position of the selected task. */
  selected: number | undefined;
  /** The stage whose bars stand out; the others are faded. */
  stage: number | undefined;
}

/** Above this many tasks in view each pixel is painted once instead of each task. */
const MAX_SHAPES = 5_000;
const FONT = '11px system-ui, sans-serif';
const FADED = 0.25;

/** Paints one frame; the context is already scaled to CSS pixels. */
export function paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  width: number,
  palette: Palette,
): void {
  context.clearRect(0, 0, width, scene.geometry.height);
  context.font = FONT;
  context.textBaseline = 'middle';
  paintAxis(context, scene, width, palette);
  paintStages(context, scene, width, palette);
  if (countWithin(scene.lanes, scene.tasks, scene.view) > MAX_SHAPES) {
    paintCells(context, scene, width, palette);
  } else {
    paintTasks(context, scene, width, palette);
  }
  paintSelection(context, scene, width, palette);
}

/** The color of a stage; neighbors differ. */
export function stageColor(palette: Palette, stageId: number): string {
  const count = palette.stages.length;
  return palette.stages[((stageId % count) + count) % count] ?? palette.text;
}

function paintAxis(
  context: CanvasRenderingContext2D,
  { geometry, view }: Scene,
  width: number,
  palette: Palette,
) {
  for (const tick of ticks(view, width)) {
    const x = Math.round(toX(view, width, tick.at)) + 0.5;
    context.strokeStyle = palette.grid;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 6);
    context.lineTo(x, geometry.height);
    context.stroke();
    context.fillStyle = palette.muted;
    context.fillText(tick.label, x + 4, AXIS_HEIGHT / 2);
  }
  context.fillStyle = palette.muted;
  heading(context, 'STAGES', geometry.stagesTop, palette);
  heading(context, 'TASKS BY EXECUTOR AND CORE', geometry.lanesTop, palette);
}

/** A section's name on a ground of its own, so that grid lines don't cross it. */
function heading(context: CanvasRenderingContext2D, text: string, top: number, palette: Palette) {
  context.fillStyle = palette.surface;
  context.fillRect(0, top - 19, context.measureText(text).width + 8, 16);
  context.fillStyle = palette.muted;
  context.fillText(text, 0, top - 11);
}

function paintStages(
  context: CanvasRenderingContext2D,
  { bars, geometry, view, stage: marked }: Scene,
  width: number,
  palette: Palette,
) {
  for (const { stage, end, row } of bars) {
    if (end < view.from || stage.start_ms > view.to) continue;
    const left = Math.max(0, toX(view, width, stage.start_ms));
    const right = Math.min(width, Math.max(left + 1, toX(view, width, end)));
    const top = geometry.stagesTop + row * STAGE_HEIGHT;
    const failed = stage.status === 'FAILED';
    const faded = marked !== undefined && marked !== stage.stage_id;
    context.globalAlpha = faded ? FADED : 1;
    context.fillStyle = failed ? palette.failed : stageColor(palette, stage.stage_id);
    context.fillRect(left, top, right - left, STAGE_HEIGHT - 2);
    context.globalAlpha = 1;
    if (right - left > 24) {
      const attempt = stage.attempt > 0 ? `.${stage.attempt}` : '';
      const label = `${failed ? '✕ ' : ''}${stage.stage_id}${attempt}  ${stage.name}`;
      context.fillStyle = faded ? palette.muted : palette.onStage;
      context.fillText(
        shorten(context, label, right - left - 10),
        left + 5,
        top + STAGE_HEIGHT / 2 - 1,
      );
    }
  }
}

function paintTasks(
  context: CanvasRenderingContext2D,
  { lanes, tasks, geometry, view, stage: marked }: Scene,
  width: number,
  palette: Palette,
) {
  lanes.forEach((lane, laneIndex) => {
    const top = geometry.lanesTop + laneIndex * geometry.laneHeight;
    const height = geometry.laneHeight - 1;
    const [begin, end] = tasksWithin(lane, tasks, view.from, view.to);
    for (let index = begin; index < end; index++) {
      const task = at(lane.tasks, index);
      const [left, right] = pixelsOf(tasks, task, view, width);
      const stageId = at(tasks.stage_id, task);
      // A pixel of ground between neighbors, where there is room for it.
      const gap = right - left > 3 ? 1 : 0;
      context.globalAlpha = marked === undefined || marked === stageId ? 1 : FADED;
      context.fillStyle = stageColor(palette, stageId);
      context.fillRect(left, top, right - left - gap, height);
      if (tasks.failed[task]) markFailed(context, left, top, right - left - gap, height, palette);
    }
  });
  context.globalAlpha = 1;
}

/** Failed is a shape as well as a color: the lower half is red and, where it fits, crossed out. */
function markFailed(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  palette: Palette,
) {
  context.fillStyle = palette.failed;
  context.fillRect(left, top + height / 2, width, height / 2);
  if (width < 8 || height < 8) return;
  context.strokeStyle = palette.onStage;
  context.beginPath();
  context.moveTo(left + 2, top + 2);
  context.lineTo(left + 2 + height - 4, top + height - 2);
  context.moveTo(left + 2 + height - 4, top + 2);
  context.lineTo(left + 2, top + height - 2);
  context.stroke();
}

function paintCells(
  context: CanvasRenderingContext2D,
  { lanes, tasks, geometry, view, stage: marked }: Scene,
  width: number,
  palette: Palette,
) {
  const color = (task: number) =>
    tasks.failed[task] ? palette.failed : stageColor(palette, at(tasks.stage_id, task));
  lanes.forEach((lane, laneIndex) => {
    const cells = laneCells(lane, tasks, view, width);
    const top = geometry.lanesTop + laneIndex * geometry.laneHeight;
    const looksAlike = (a: number, b: number) =>
      a === b ||
      (a !== EMPTY &&
        b !== EMPTY &&
        tasks.stage_id[a] === tasks.stage_id[b] &&
        color(a) === color(b));
    for (let x = 0; x < width; ) {
      const task = at(cells, x);
      let end = x + 1;
      while (end < width && looksAlike(task, at(cells, end))) end++;
      if (task !== EMPTY) {
        const faded = marked !== undefined && marked !== tasks.stage_id[task];
        context.globalAlpha = faded ? FADED : 1;
        context.fillStyle = color(task);
        context.fillRect(x, top, end - x, geometry.laneHeight - 1);
      }
      x = end;
    }
  });
  context.globalAlpha = 1;
}

function paintSelection(
  context: CanvasRenderingContext2D,
  { tasks, geometry, view, selected }: Scene,
  width: number,
  palette: Palette,
) {
  if (selected === undefined) return;
  const [left, right] = pixelsOf(tasks, selected, view, width);
  if (left === right) return;
  const top = geometry.lanesTop + at(tasks.lane, selected) * geometry.laneHeight;
  context.strokeStyle = palette.selection;
  context.lineWidth = 2;
  context.strokeRect(left - 1, top - 1, right - left + 2, geometry.laneHeight + 1);
  context.lineWidth = 1;
}

/** As much of a text as fits, cut with an ellipsis; nothing when not even that fits. */
function shorten(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`;
}
