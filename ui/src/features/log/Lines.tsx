import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { cutAtMatches, levelOf } from './find';

/** Height of a line that is not wrapped, in pixels; as in log.css. */
const LINE_HEIGHT = 18;

/** How near to the end counts as being there, in pixels. */
const AT_END = 3 * LINE_HEIGHT;

/** Log lines, of which only those in sight are on the page. */
export function Lines({
  lines,
  wrap,
  wanted,
  current,
  follow,
  onFollow,
}: {
  lines: string[];
  wrap: boolean;
  /** The text that is looked for. */
  wanted: string;
  /** The line that holds the current match. */
  current: number | undefined;
  follow: boolean;
  onFollow: (follow: boolean) => void;
}) {
  const scroller = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 30,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: heights of all lines change with `wrap`
  useEffect(() => virtualizer.measure(), [wrap, virtualizer]);
  useEffect(() => {
    if (follow && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [follow, lines.length, virtualizer]);
  useEffect(() => {
    if (current !== undefined) virtualizer.scrollToIndex(current, { align: 'center' });
  }, [current, virtualizer]);

  const leaveEnd = () => {
    const element = scroller.current;
    if (!element) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (follow && below > AT_END) onFollow(false);
  };

  return (
    <section
      ref={scroller}
      className={wrap ? 'log mono wrap' : 'log mono'}
      aria-label="Lines of the log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      // Only what the reader does ends following; the page's own scrolling does not.
      onWheel={() => requestAnimationFrame(leaveEnd)}
      onKeyUp={leaveEnd}
      onPointerUp={leaveEnd}
    >
      <div className="log-lines" style={{ height: virtualizer.getTotalSize() }}>
        <div style={{ transform: `translateY(${virtualizer.getVirtualItems()[0]?.start ?? 0}px)` }}>
          {virtualizer.getVirtualItems().map(({ index, key }) => {
            const line = lines[index] ?? '';
            return (
              <div
                key={key}
                ref={wrap ? virtualizer.measureElement : undefined}
                data-index={index}
                className={`log-line ${levelOf(line) ?? ''}${index === current ? ' current' : ''}`}
              >
                {cutAtMatches(line, wanted).map((part, place) =>
                  place % 2 === 1 ? (
                    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity
                    <mark key={place}>{part}</mark>
                  ) : (
                    part
                  ),
                )}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
