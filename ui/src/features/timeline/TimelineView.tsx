import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react';
import { type PointerEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Timeline } from '@/api/types';
import { formatMillis } from '@/design/format';
import { useTheme } from '@/design/theme';
import { areaAt, layOut } from '@/timeline/geometry';
import { firstTask, neighbor, stageAt, taskAt } from '@/timeline/hit_test';
import { type Command, commandOf } from '@/timeline/keyboard';
import { at, groupLanes, indexLanes, packStages } from '@/timeline/lanes';
import { type Palette, paint } from '@/timeline/painter';
import { clamp, pan, reveal, toMs, type Viewport, wholeRun, zoomAt } from '@/timeline/viewport';
import { readPalette } from './palette';
import type { TimelineSearch } from './search';

/** How long the view must rest before the address follows it. */
const ADDRESS_MS = 300;
/** How far a bar may be from the pointer and still be meant, in pixels. */
const REACH_PX = 3;

/** What the pointer is over. */
interface Hover {
  x: number;
  y: number;
  lines: string[];
}

/** The timeline on a canvas; everything that can be pointed at can also be reached by keys. */
export function TimelineView({
  timeline,
  search,
  onChange,
}: {
  timeline: Timeline;
  search: TimelineSearch;
  onChange: (next: Partial<TimelineSearch>) => void;
}) {
  const { tasks, length_ms: length } = timeline;
  const lanes = useMemo(() => indexLanes(tasks), [tasks]);
  const bars = useMemo(() => packStages(timeline.stages, length), [timeline.stages, length]);
  const geometry = layOut(Math.max(1, ...bars.map((bar) => bar.row + 1)), lanes.length);

  // Without a window of its own the view shows the whole run, also while that grows.
  const [window, setWindow] = useState<Viewport | undefined>(() =>
    search.from !== undefined && search.to !== undefined
      ? { from: search.from, to: search.to }
      : undefined,
  );
  const view = window ? clamp(window, length) : wholeRun(length);
  const [selected, setSelected] = useState<number>();
  const [hover, setHover] = useState<Hover>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const palette = usePalette(canvas);

  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !palette || width === 0) return;
    const ratio = devicePixelRatio;
    context.canvas.width = Math.round(width * ratio);
    context.canvas.height = Math.round(geometry.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(
      context,
      { tasks, lanes, bars, geometry, view, selected, stage: search.stage },
      width,
      palette,
    );
  });

  useEffect(() => {
    const timer = setTimeout(() => {
      const from = window && Math.round(window.from);
      const to = window && Math.round(window.to);
      if (from !== search.from || to !== search.to) onChange({ from, to });
    }, ADDRESS_MS);
    return () => clearTimeout(timer);
  });

  const change = (next: Viewport) => {
    const whole = wholeRun(length);
    const isWhole = next.from <= 0 && next.to >= whole.to;
    setWindow(isWhole ? undefined : next);
  };
  const select = (task: number | undefined) => {
    setSelected(task);
    if (task !== undefined) {
      change(reveal(view, at(tasks.start_ms, task), at(tasks.end_ms, task), length));
    }
  };
  const run = (command: Command) => {
    const middle = (view.from + view.to) / 2;
    switch (command.kind) {
      case 'pan':
        return change(pan(view, command.share, length));
      case 'zoom':
        return change(zoomAt(view, middle, command.factor, length));
      case 'fit':
        return setWindow(undefined);
      case 'select':
        return select(
          selected === undefined
            ? firstTask(lanes, tasks)
            : neighbor(lanes, tasks, selected, command.direction),
        );
      case 'focus_task': {
        if (selected === undefined) return;
        const start = at(tasks.start_ms, selected);
        const end = at(tasks.end_ms, selected);
        const room = Math.max((end - start) * 0.25, 5);
        return change(clamp({ from: start - room, to: end + room }, length));
      }
      case 'clear':
        setSelected(undefined);
        return onChange({ stage: undefined });
    }
  };

  useWheel(canvas, (event) => {
    const x = event.offsetX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200)));
      change(zoomAt(view, toMs(view, width, x), factor, length));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      change(pan(view, (event.deltaX || event.deltaY) / width, length));
    }
  });

  const hit = (x: number, y: number) => {
    const ms = toMs(view, width, x);
    const reach = toMs(view, width, REACH_PX) - view.from;
    const area = areaAt(geometry, y);
    if (area.kind === 'stages') return { bar: stageAt(bars, area.row, ms, reach) };
    const lane = area.kind === 'lanes' ? lanes[area.lane] : undefined;
    return { task: lane && taskAt(lane, tasks, ms, reach) };
  };
  const drag = useDrag({
    onDrag: (dx) => change(pan(view, -dx / width, length)),
    onClick: (x, y) => {
      const { task, bar } = hit(x, y);
      if (bar) {
        const id = bar.stage.stage_id;
        onChange({ stage: search.stage === id ? undefined : id });
      } else {
        setSelected(task);
      }
    },
  });
  const describe = (task: number) => describeTask(timeline, task);

  return (
    <>
      <div className="panel-head">
        <span className="button-group">
          <button
            type="button"
            className="button icon"
            aria-label="Zoom in"
            onClick={() => run({ kind: 'zoom', factor: 0.7 })}
          >
            <ZoomIn size={16} aria-hidden />
          </button>
          <button
            type="button"
            className="button icon"
            aria-label="Zoom out"
            onClick={() => run({ kind: 'zoom', factor: 1 / 0.7 })}
          >
            <ZoomOut size={16} aria-hidden />
          </button>
          <button
            type="button"
            className="button icon"
            aria-label="Show the whole job"
            onClick={() => run({ kind: 'fit' })}
          >
            <Maximize2 size={14} aria-hidden />
          </button>
        </span>
        <span className="muted">
          {formatMillis(view.from)} – {formatMillis(Math.min(view.to, length))} of{' '}
          {formatMillis(length)}
        </span>
        {search.stage !== undefined && (
          <button
            type="button"
            className="button"
            aria-pressed="true"
            onClick={() => onChange({ stage: undefined })}
          >
            Stage {search.stage} ✕
          </button>
        )}
        <span className="grow" />
        <span role="status" className="timeline-selected">
          {selected === undefined ? '' : describe(selected).join(' · ')}
        </span>
      </div>
      <div className="timeline">
        <div className="timeline-gutter" aria-hidden>
          {groupLanes(tasks.lanes).map(({ executor, first, count }) => (
            <span
              key={`${executor} ${first}`}
              style={{
                top: geometry.lanesTop + first * geometry.laneHeight,
                height: count * geometry.laneHeight - 2,
              }}
            >
              {count * geometry.laneHeight >= 12 && executor}
            </span>
          ))}
        </div>
        <div className="timeline-canvas">
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes keys of its own */}
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            aria-label="Timeline of stages and tasks. Arrow keys go from task to task; the table has the same tasks."
            style={{ height: geometry.height }}
            onKeyDown={(event) => {
              const command = commandOf(event);
              if (!command) return;
              event.preventDefault();
              run(command);
            }}
            {...drag}
            onPointerMove={(event) => {
              drag.onPointerMove(event);
              const { offsetX: x, offsetY: y } = event.nativeEvent;
              const { task, bar } = hit(x, y);
              const lines =
                task !== undefined
                  ? describe(task)
                  : bar
                    ? describeStage(bar.stage, bar.end)
                    : undefined;
              setHover(lines && { x, y, lines });
            }}
            onPointerLeave={() => setHover(undefined)}
          />
          {hover && (
            <div
              className="timeline-tip"
              style={{
                top: hover.y + 16,
                ...(hover.x > width / 2 ? { right: width - hover.x + 12 } : { left: hover.x + 12 }),
              }}
            >
              {hover.lines.map((line) => (
                <div key={line}>{line}</div>
              ))}
            </div>
          )}
        </div>
      </div>
    </>
  );
}

function describeTask({ tasks }: Timeline, task: number): string[] {
  const start = at(tasks.start_ms, task);
  return [
    `Task ${tasks.task_id[task]}${tasks.failed[task] ? ' failed' : ''}`,
    `Stage ${tasks.stage_id[task]}`,
    `${formatMillis(at(tasks.end_ms, task) - start)} from ${formatMillis(start)}`,
    `Executor ${tasks.lanes[at(tasks.lane, task)]}`,
  ];
}

function describeStage(stage: Timeline['stages'][number], end: number): string[] {
  return [
    `Stage ${stage.stage_id}${stage.attempt > 0 ? ` attempt ${stage.attempt}` : ''}: ${stage.status.toLowerCase()}`,
    stage.name,
    `${formatMillis(end - stage.start_ms)} from ${formatMillis(stage.start_ms)}`,
  ];
}

/** The element's width in CSS pixels. */
function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? 0)),
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** The theme's colors, read again when it changes. */
function usePalette(element: React.RefObject<HTMLElement | null>): Palette | undefined {
  const { theme, dark } = useTheme();
  const [palette, setPalette] = useState<Palette>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: colors depend on the theme by way of the style sheet
  useLayoutEffect(() => {
    if (element.current?.parentElement) setPalette(readPalette(element.current.parentElement));
  }, [element, theme, dark]);
  return palette;
}

/** Wheel events that may be kept from scrolling the page, which React's own listeners cannot do. */
function useWheel(
  element: React.RefObject<HTMLElement | null>,
  onWheel: (event: WheelEvent) => void,
) {
  const newest = useRef(onWheel);
  useEffect(() => {
    newest.current = onWheel;
  });
  useEffect(() => {
    const target = element.current;
    const listener = (event: WheelEvent) => newest.current(event);
    target?.addEventListener('wheel', listener, { passive: false });
    return () => target?.removeEventListener('wheel', listener);
  }, [element]);
}

/** Tells a click from a drag along the time axis. */
function useDrag({
  onDrag,
  onClick,
}: {
  onDrag: (dx: number) => void;
  onClick: (x: number, y: number) => void;
}) {
  const start = useRef<{ x: number; last: number; moved: boolean }>(undefined);
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, last: event.clientX, moved: false };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const drag = start.current;
      if (!drag) return;
      drag.moved ||= Math.abs(event.clientX - drag.x) > REACH_PX;
      if (!drag.moved) return;
      onDrag(event.clientX - drag.last);
      drag.last = event.clientX;
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      const drag = start.current;
      start.current = undefined;
      if (drag && !drag.moved) onClick(event.nativeEvent.offsetX, event.nativeEvent.offsetY);
    },
    onPointerCancel: () => {
      start.current = undefined;
    },
  };
}
