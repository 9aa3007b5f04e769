import { useVirtualizer } from '@tanstack/react-virtual';
import type { ReactNode } from 'react';
import type { RenderRows } from './DataTable';

/** Renders only the rows in sight. For tables of more than a few hundred rows; pass it as `renderRows`. */
export function renderVirtualRows<Row>(parts: Parameters<RenderRows<Row>>[0]): ReactNode {
  return <VirtualRows {...parts} />;
}

/** Height of a row before it is measured, in pixels. */
const ROW_HEIGHT = 29;

function VirtualRows<Row>({
  rows,
  renderRow,
  keyOf,
  scroller,
  columnCount,
}: Parameters<RenderRows<Row>>[0]) {
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <Space height={before} columnCount={columnCount} />
      {items.map((item) => {
        const row = rows[item.index];
        // A body of its own lets an opened row be measured together with its details.
        return (
          row !== undefined && (
            <tbody key={item.key} ref={virtualizer.measureElement} data-index={item.index}>
              {renderRow(row)}
            </tbody>
          )
        );
      })}
      <Space height={after} columnCount={columnCount} />
    </>
  );
}

function Space({ height, columnCount }: { height: number; columnCount: number }) {
  if (height <= 0) return null;
  return (
    <tbody aria-hidden>
      <tr>
        <td colSpan={columnCount} className="space" style={{ height }} />
      </tr>
    </tbody>
  );
}
