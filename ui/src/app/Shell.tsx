import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams, useRouter } from '@tanstack/react-router';
import { Monitor, Moon, Search, Sun } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useStreamState } from '@/api/connection';
import { serverQuery } from '@/api/queries/jobs';
import { nextTheme, setTheme, useTheme } from '@/design/theme';
import './shell.css';

const Palette = lazy(async () => ({ default: (await import('@/actions/Palette')).Palette }));

/** The bar above every page. */
export function Shell() {
  const [palette, setPalette] = useState(false);
  const router = useRouter();
  const { jobId } = useParams({ strict: false });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="shell">
        <Link to="/jobs" className="brand">
          <Logo />
          Tinderbox
        </Link>
        <nav aria-label="Main">
          <Link to="/jobs" activeProps={{ 'aria-current': 'page' }}>
            Jobs
          </Link>
        </nav>
        <span className="grow" />
        <Connection />
        <button type="button" className="button" onClick={() => setPalette(true)}>
          <Search size={14} aria-hidden /> Commands
          <kbd>Ctrl K</kbd>
        </button>
        <ThemeButton />
      </header>
      <Outlet />
      {palette && (
        <Suspense>
          <Palette
            context={{ jobId, go: (address) => void router.navigate({ href: address }) }}
            onClose={() => setPalette(false)}
          />
        </Suspense>
      )}
    </>
  );
}

/** Whether what is shown keeps up with the server. */
function Connection() {
  const stream = useStreamState();
  const { data, isError } = useQuery(serverQuery());
  const [look, text] = isError
    ? ['bad', 'Server does not answer']
    : stream === 'waiting'
      ? ['warn', 'Reconnecting…']
      : stream === 'open'
        ? ['good', 'Live']
        : ['neutral', stream === 'connecting' || !data ? 'Connecting…' : 'Connected'];
  return (
    <span className="connection">
      <span className={`status ${look}`} role="status">
        {text}
      </span>
      {data && <span className="muted">{data.version}</span>}
    </span>
  );
}

function ThemeButton() {
  const { theme } = useTheme();
  const Icon = { system: Monitor, light: Sun, dark: Moon }[theme];
  const label = `Theme: ${theme}. Change to ${nextTheme(theme)}`;
  return (
    <button
      type="button"
      className="button icon"
      aria-label={label}
      title={label}
      onClick={() => setTheme(nextTheme(theme))}
    >
      <Icon size={16} aria-hidden />
    </button>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect x="3" y="18" width="26" height="11" rx="3" className="logo-box" />
      <path
        d="M16 2c1 5 6 7 6 12a6 6 0 0 1-12 0c0-2 1-4 2-5 0 2 1 3 2 3 1-3 0-6 2-10z"
        className="logo-flame"
      />
    </svg>
  );
}
