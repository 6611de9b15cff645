import { useState } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { ControlButton } from './ControlButton';
import { DeviceToggles } from './DeviceToggles';
import { Icon } from './Icon';
import { SettingsDialog } from './SettingsDialog';

/** `getDisplayMedia` is missing on phones. */
const canShare = 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;

/** What one does in a call. */
export function ControlDock(): ReactNode {
  const [isSettingsOpen, setSettingsOpen] = useState(false);
  const isScreenOn = useCall((state) => state.isScreenOn);
  const toggleScreen = useCall((state) => state.toggleScreen);
  const leave = useCall((state) => state.leave);
  return (
    <div className="dock" role="toolbar" aria-label="Call controls">
      <DeviceToggles />
      {canShare && (
        <ControlButton
          testId="screen-button"
          icon={isScreenOn ? 'screenStop' : 'screen'}
          label={isScreenOn ? 'Stop sharing' : 'Share screen'}
          tone={isScreenOn ? 'active' : 'plain'}
          isPressed={isScreenOn}
          onClick={() => void toggleScreen()}
        />
      )}
      <ControlButton
        testId="settings-button"
        icon="settings"
        label="Devices"
        onClick={() => setSettingsOpen(true)}
      />
      <span className="dock__rule" />
      <button type="button" className="dock__leave" data-testid="leave-button" onClick={leave}>
        <Icon name="leave" />
        <span className="dock__leave-text">Leave</span>
      </button>
      {isSettingsOpen && <SettingsDialog onClose={() => setSettingsOpen(false)} />}
    </div>
  );
}
