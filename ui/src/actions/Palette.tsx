import { useEffect, useId, useRef, useState } from 'react';
import { matching } from './match';
import { ACTIONS, type Action, type ActionContext } from './register';
import './palette.css';

/** A list of everything that can be done here, narrowed by typing. */
export function Palette({ context, onClose }: { context: ActionContext; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const actions = matching(
    ACTIONS.filter(({ available }) => available?.(context) ?? true),
    typed,
  );
  const current = actions[Math.min(chosen, actions.length - 1)];

  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });

  const run = (action: Action | undefined) => {
    if (!action) return;
    dialog.current?.close();
    action.run(context);
  };

  return (
    <dialog ref={dialog} className="palette" aria-label="Commands" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={current && `${listId}-${current.id}`}
        placeholder="Type a command…"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined) {
            event.preventDefault();
            setChosen((index) => Math.min(Math.max(index + step, 0), actions.length - 1));
          } else if (event.key === 'Enter') {
            event.preventDefault();
            run(current);
          }
        }}
      />
      <div id={listId} role="listbox" aria-label="Matching commands" className="palette-list">
        {actions.map((action) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
          <div
            key={action.id}
            id={`${listId}-${action.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={action === current}
            onClick={() => run(action)}
          >
            {action.label}
          </div>
        ))}
      </div>
      {actions.length === 0 && <p className="palette-none muted">Nothing is called that.</p>}
    </dialog>
  );
}
