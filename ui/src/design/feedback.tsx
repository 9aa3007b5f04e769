import { CircleAlert, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError, isAbsence } from '@/api/client';

/** What the server, or this page, has to say about a failure. */
export function ProblemView({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  const detail = problem?.detail ?? (error instanceof Error ? error.message : String(error));
  return (
    <div className="banner bad problem" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        {problem && problem.title !== detail && <strong>{problem.title}</strong>}
        <p>{detail}</p>
        {problem?.hint && <p className="hint">{problem.hint}</p>}
        {problem?.request_id && (
          <p className="request">
            Request <code>{problem.request_id}</code> in the server's log
          </p>
        )}
        {retry && (
          <p>
            <button type="button" className="button" onClick={retry}>
              Try again
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

/** A remark that needs attention but stops nothing. */
export function Warning({ children }: { children: ReactNode }) {
  return (
    <div className="banner warn" role="note">
      <TriangleAlert size={16} aria-hidden />
      <div>{children}</div>
    </div>
  );
}

/** Why there is nothing to show, and what to do next. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Loading {what}…
    </p>
  );
}

/**
 * The result of a query: its problem, its content, or that it is under way. A failed refetch keeps the content; a run
 * that has nothing of this kind is no failure.
 */
export function Loaded<T>({
  query,
  what,
  children,
}: {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  what: string;
  children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = query;
  if (isAbsence(error) && data === undefined) {
    return (
      <Empty title={error.problem.detail}>
        {error.problem.hint && <p>{error.problem.hint}</p>}
      </Empty>
    );
  }
  return (
    <>
      {error != null && <ProblemView error={error} retry={() => void refetch()} />}
      {data !== undefined ? children(data) : !error && <Loading what={what} />}
    </>
  );
}
