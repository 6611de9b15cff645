import type { ReactNode } from 'react';
import { DevicePickers } from './DevicePickers';
import { Dialog } from './Dialog';

/** Choosing other devices in a call. */
export function SettingsDialog(props: { onClose: () => void }): ReactNode {
  return (
    <Dialog title="Devices" name="settings" onClose={props.onClose}>
      <DevicePickers />
    </Dialog>
  );
}
