import { ChevronLeft, ChevronRight } from 'lucide-react';
import { formatCount } from '@/design/format';

const PAGE_SIZES = [10, 20, 50, 100];

/** Which rows of how many are shown, and the way to the others. Pages count from 1. */
export function Pager({
  what,
  total,
  page,
  size,
  onPage,
  onSize,
}: {
  what: string;
  total: number;
  page: number;
  size: number;
  onPage: (page: number) => void;
  onSize: (size: number) => void;
}) {
  const pages = Math.max(1, Math.ceil(total / size));
  const first = Math.min((page - 1) * size + 1, total);
  return (
    <nav className="pager" aria-label={`Pages of ${what}`}>
      <span className="muted" role="status">
        {formatCount(first)}–{formatCount(Math.min(page * size, total))} of {formatCount(total)}{' '}
        {what}
      </span>
      <span className="grow" />
      <label>
        <span className="muted">Rows</span>{' '}
        <select
          className="select"
          value={size}
          onChange={(event) => onSize(Number(event.target.value))}
        >
          {PAGE_SIZES.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      </label>
      <span className="button-group">
        <button
          type="button"
          className="button icon"
          aria-label="Previous page"
          disabled={page <= 1}
          onClick={() => onPage(page - 1)}
        >
          <ChevronLeft size={16} aria-hidden />
        </button>
        <button
          type="button"
          className="button icon"
          aria-label="Next page"
          disabled={page >= pages}
          onClick={() => onPage(page + 1)}
        >
          <ChevronRight size={16} aria-hidden />
        </button>
      </span>
      <span className="muted">
        Page {formatCount(page)} of {formatCount(pages)}
      </span>
    </nav>
  );
}
