import { useEffect, useId, useRef } from 'react';
import type { ReactNode } from 'react';
import { Icon } from './Icon';

/** A modal dialog of the browser: it keeps the focus and closes with Escape. */
export function Dialog(props: {
  title: string;
  /** `<name>-dialog` and `<name>-close` are its test ids. */
  name: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={titleId}
      data-testid={`${props.name}-dialog`}
      onClose={props.onClose}
    >
      <header className="dialog__head">
        <h2 id={titleId}>{props.title}</h2>
        <button
          type="button"
          className="dialog__close"
          aria-label="Close"
          data-testid={`${props.name}-close`}
          onClick={() => ref.current?.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
