import { type ReactNode, useEffect, useId, useRef } from 'react';

/**
 * A modal question. The browser's own dialog element keeps the focus inside, closes on Escape and gives the focus
 * back; component libraries insert style elements for that, which our content security policy refuses.
 */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onClose={onClose}>
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
