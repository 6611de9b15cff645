import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { DevicePickers } from './DevicePickers';
import { Icon } from './Icon';

/** Choosing other devices in a call. A modal dialog of the browser: it keeps the focus and closes with Escape. */
export function SettingsDialog(props: { onClose: () => void }): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby="settings-title"
      data-testid="settings-dialog"
      onClose={props.onClose}
    >
      <header className="dialog__head">
        <h2 id="settings-title">Devices</h2>
        <button
          type="button"
          className="dialog__close"
          aria-label="Close"
          data-testid="settings-close"
          onClick={() => ref.current?.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      <DevicePickers />
    </dialog>
  );
}
