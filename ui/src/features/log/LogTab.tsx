import { getRouteApi } from '@tanstack/react-router';
import { ChevronDown, ChevronUp, Search } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { isRead, type Log, linesOf } from '@/api/log';
import { useLog } from '@/api/queries/job';
import { Empty, Loaded } from '@/design/feedback';
import { formatBytes, formatCount } from '@/design/format';
import { findLines } from './find';
import { Lines } from './Lines';
import './log.css';

const route = getRouteApi('/jobs/$jobId/log');

/** The driver's log, followed while it grows. */
export function LogTab() {
  const { jobId } = route.useParams();
  const [whole, setWhole] = useState(false);
  const log = useLog(jobId, whole);
  return (
    <div className="page">
      <section className="panel" aria-label="Driver log">
        <Loaded query={log} what="log">
          {(data) =>
            data.size === 0 ? (
              <Empty title="The log is empty">
                <p>The driver has written nothing so far.</p>
              </Empty>
            ) : (
              <LogView log={data} onWhole={() => setWhole(true)} />
            )
          }
        </Loaded>
      </section>
    </div>
  );
}

function LogView({ log, onWhole }: { log: Log; onWhole: () => void }) {
  const lines = useMemo(() => linesOf(log), [log]);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [typed, setTyped] = useState('');
  const [match, setMatch] = useState(0);
  const wanted = useDeferredValue(typed);
  const found = useMemo(() => findLines(lines, wanted), [lines, wanted]);
  const current = found.length > 0 ? found[match % found.length] : undefined;

  const step = (by: number) => {
    setFollow(false);
    setMatch((former) => (former + by + found.length) % Math.max(found.length, 1));
  };

  return (
    <>
      <div className="panel-head">
        <label className="field log-search">
          <Search size={14} aria-hidden />
          <span className="spoken">Find in log</span>
          <input
            type="search"
            placeholder="Find in log…"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setMatch(0);
              setFollow(false);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
            }}
          />
        </label>
        {typed !== '' && (
          <>
            <span className="button-group">
              <button
                type="button"
                className="button icon"
                aria-label="Previous match"
                disabled={found.length === 0}
                onClick={() => step(-1)}
              >
                <ChevronUp size={14} aria-hidden />
              </button>
              <button
                type="button"
                className="button icon"
                aria-label="Next match"
                disabled={found.length === 0}
                onClick={() => step(1)}
              >
                <ChevronDown size={14} aria-hidden />
              </button>
            </span>
            <span className="muted" role="status">
              {found.length === 0
                ? 'No line'
                : `Line ${formatCount((match % found.length) + 1)} of ${formatCount(found.length)}`}
            </span>
          </>
        )}
        <span className="grow" />
        <span className="muted">
          {formatCount(lines.length)} lines · {formatBytes(log.size)}
          {!isRead(log) && ' so far'}
        </span>
        {log.start > 0 && (
          <button type="button" className="button" onClick={onWhole}>
            Load the first {formatBytes(log.start)} too
          </button>
        )}
        <button
          type="button"
          className="button"
          aria-pressed={wrap}
          onClick={() => setWrap((former) => !former)}
        >
          Wrap lines
        </button>
        <button
          type="button"
          className="button"
          aria-pressed={follow}
          onClick={() => setFollow((former) => !former)}
        >
          Follow
        </button>
      </div>
      <Lines
        lines={lines}
        wrap={wrap}
        wanted={wanted}
        current={current}
        follow={follow}
        onFollow={setFollow}
      />
    </>
  );
}
