import { useSyncExternalStore } from 'react';
import type { StreamState } from './live';

let current: StreamState = 'idle';
const listeners = new Set<() => void>();

/** Tells the shell how the view's event stream stands. */
export function reportStream(state: StreamState) {
  current = state;
  for (const listener of listeners) listener();
}

/** How the open view's event stream stands. */
export function useStreamState(): StreamState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
