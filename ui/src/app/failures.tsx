import { Link } from '@tanstack/react-router';
import { Empty, ProblemView } from '@/design/feedback';

/** No route has this address. */
export function NotFound() {
  return (
    <main className="page" id="main">
      <Empty title="There is no such page">
        <p>The address may be cut or come from another version.</p>
        <Link className="button" to="/jobs">
          Go to jobs
        </Link>
      </Empty>
    </main>
  );
}

/** Something in this page broke; the rest of it goes on. */
export function Crashed({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <main className="page">
      <h1>This view failed</h1>
      <ProblemView error={error} retry={reset} />
    </main>
  );
}
