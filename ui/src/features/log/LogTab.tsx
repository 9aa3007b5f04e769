import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronDown, ChevronUp, Search } from 'lucide-react';
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import { isRead, type Log, linesOf } from '@/api/log';
import { executorLogsQuery, jobQuery, useLog } from '@/api/queries/job';
import { Empty, Loaded } from '@/design/feedback';
import { formatBytes, formatCount } from '@/design/format';
import { findLines } from './find';
import { Lines } from './Lines';
import './log.css';

const route = getRouteApi('/jobs/$jobId/log');

/** The log of the driver or of an executor, followed while it grows. */
export function LogTab() {
  const { jobId } = route.useParams();
  const { executor } = route.useSearch();
  return (
    <div className="page">
      <section
        className="panel"
        aria-label={executor ? `Log of executor ${executor}` : 'Driver log'}
      >
        <OneLog key={executor} jobId={jobId} executor={executor} />
      </section>
    </div>
  );
}

function OneLog({ jobId, executor }: { jobId: string; executor: string | undefined }) {
  const [whole, setWhole] = useState(false);
  const log = useLog(jobId, executor, whole);
  const choice = <Choice jobId={jobId} executor={executor} />;
  return (
    <Loaded query={log} what="log">
      {(data) =>
        data.size === 0 ? (
          <>
            <div className="panel-head">{choice}</div>
            <Empty title="The log is empty">
              <p>{executor ? 'The executor' : 'The driver'} has written nothing so far.</p>
            </Empty>
          </>
        ) : (
          <LogView log={data} choice={choice} onWhole={() => setWhole(true)} />
        )
      }
    </Loaded>
  );
}

/** Whose log; nothing where executors print into the driver's. */
function Choice({ jobId, executor }: { jobId: string; executor: string | undefined }) {
  const navigate = route.useNavigate();
  const job = useQuery(jobQuery(jobId)).data?.job;
  const executors = useQuery(executorLogsQuery(jobId, job)).data?.executors ?? [];
  if (executors.length === 0) return null;
  const choose = (chosen: string) =>
    void navigate({ search: chosen === '' ? {} : { executor: chosen }, replace: true });
  return (
    <label>
      <span className="spoken">Log of</span>
      <select
        className="select"
        value={executor ?? ''}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">Driver</option>
        {executors.map(({ executor_id, size }) => (
          <option key={executor_id} value={executor_id}>
            Executor {executor_id} · {formatBytes(size)}
          </option>
        ))}
      </select>
    </label>
  );
}

function LogView({ log, choice, onWhole }: { log: Log; choice: ReactNode; onWhole: () => void }) {
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
        {choice}
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
