import { useSyncExternalStore } from 'react';

/** What the reader chose; `system` follows the operating system. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'tinderbox.theme';
const ORDER: Theme[] = ['system', 'light', 'dark'];
const listeners = new Set<() => void>();

/** Puts the stored choice into effect; call once before the first paint. */
export function applyStoredTheme() {
  show(storedTheme());
}

export function setTheme(theme: Theme) {
  if (theme === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  show(theme);
  for (const listener of listeners) listener();
}

/** The choice after this one, for a button that goes round. */
export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'system';
}

/** The choice, and whether it now comes out dark. */
export function useTheme(): { theme: Theme; dark: boolean } {
  const theme = useSyncExternalStore(subscribe, storedTheme);
  const systemDark = useSyncExternalStore(subscribe, prefersDark);
  return { theme, dark: theme === 'dark' || (theme === 'system' && systemDark) };
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function prefersDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

function show(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function subscribe(listener: () => void) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}
