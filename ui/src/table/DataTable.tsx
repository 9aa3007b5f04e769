import { ChevronDown, ChevronRight, ChevronUp } from 'lucide-react';
import { Fragment, type ReactNode, type RefObject, useMemo, useRef, useState } from 'react';
import { nextSort, type Sort, type SortValue, sortRows } from './sort';

/** A column of a table. */
export interface Column<Row> {
  id: string;
  header: string;
  /** What the column means, where the header alone does not say it. */
  title?: string;
  /** Aligned at the right; a first click orders from the largest. */
  numeric?: boolean;
  /** What rows are ordered by; without it the column cannot be sorted. */
  value?: (row: Row) => SortValue;
  cell: (row: Row) => ReactNode;
}

/** How rows get onto the page; replaced where there are too many to show all. */
export type RenderRows<Row> = (parts: {
  rows: Row[];
  renderRow: (row: Row) => ReactNode;
  keyOf: (row: Row) => string;
  scroller: RefObject<HTMLElement | null>;
  columnCount: number;
}) => ReactNode;

/** A table whose order is owned by the caller, normally by the address of the page. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  keyOf,
  sort,
  onSort,
  sortedByServer = false,
  expand,
  renderRows = renderAll,
}: {
  /** Names the table for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  /** Rows come in order already. */
  sortedByServer?: boolean;
  /** What a row shows when it is opened. */
  expand?: (row: Row) => ReactNode;
  /** All rows are on the page when left out. */
  renderRows?: RenderRows<Row> | undefined;
}) {
  const scroller = useRef<HTMLElement>(null);
  const [expanded, setExpanded] = useState<Record<string, boolean>>({});
  const sorted = useMemo(() => {
    const value = sortedByServer ? undefined : columns.find(({ id }) => id === sort?.by)?.value;
    return sort && value ? sortRows(rows, value, sort.order) : rows;
  }, [columns, rows, sort, sortedByServer]);
  const columnCount = columns.length + (expand ? 1 : 0);

  const renderRow = (row: Row) => {
    const key = keyOf(row);
    const open = expanded[key] === true;
    return (
      <Fragment key={key}>
        <tr data-row={key}>
          {expand && (
            <td className="toggle">
              <button
                type="button"
                className="button plain icon"
                aria-expanded={open}
                aria-label={`Details of ${label} ${key}`}
                onClick={() => setExpanded({ ...expanded, [key]: !open })}
              >
                {open ? (
                  <ChevronDown size={14} aria-hidden />
                ) : (
                  <ChevronRight size={14} aria-hidden />
                )}
              </button>
            </td>
          )}
          {columns.map((column) => (
            <td
              key={column.id}
              data-column={column.id}
              className={column.numeric ? 'numeric' : undefined}
            >
              {column.cell(row)}
            </td>
          ))}
        </tr>
        {open && (
          <tr className="details">
            <td colSpan={columnCount}>{expand?.(row)}</td>
          </tr>
        )}
      </Fragment>
    );
  };

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="table-scroller" aria-label={label} tabIndex={0} ref={scroller}>
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {expand && (
              <th scope="col" className="toggle">
                <span className="spoken">Details</span>
              </th>
            )}
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        {renderRows({
          rows: sorted,
          renderRow,
          keyOf,
          scroller,
          columnCount,
        })}
      </table>
    </section>
  );
}

function HeaderCell<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort: Sort | undefined;
  onSort: ((sort: Sort) => void) | undefined;
}) {
  const { id, header, title, numeric = false } = column;
  const className = numeric ? 'numeric' : undefined;
  if (!onSort || !column.value) {
    return (
      <th scope="col" className={className} title={title}>
        {header}
      </th>
    );
  }
  const order = sort?.by === id ? sort.order : undefined;
  const Arrow = order === 'asc' ? ChevronUp : ChevronDown;
  return (
    <th
      scope="col"
      className={className}
      title={title}
      aria-sort={order === undefined ? 'none' : order === 'asc' ? 'ascending' : 'descending'}
    >
      <button type="button" onClick={() => onSort(nextSort(sort, id, numeric))}>
        {header}
        <Arrow size={12} aria-hidden className={order ? 'arrow' : 'arrow unsorted'} />
      </button>
    </th>
  );
}

function renderAll<Row>({ rows, renderRow }: Parameters<RenderRows<Row>>[0]) {
  return <tbody>{rows.map(renderRow)}</tbody>;
}
