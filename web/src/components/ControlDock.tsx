import { useState } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { selfOf } from '../store/callState';
import { maySend } from '../store/rights';
import { ControlButton } from './ControlButton';
import { DeviceToggles } from './DeviceToggles';
import { Icon } from './Icon';
import { Popover } from './Popover';
import { ReactionButtons } from './Reactions';
import { RoomDialog } from './RoomDialog';
import { SettingsDialog } from './SettingsDialog';

/** `getDisplayMedia` is missing on phones. */
const canShare = 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;

/** What one does in a call. */
export function ControlDock(): ReactNode {
  const [dialog, setDialog] = useState<'settings' | 'room' | null>(null);
  const isViewer = useCall((state) => selfOf(state)?.role === 'viewer');
  const leave = useCall((state) => state.leave);
  return (
    <div className="dock" role="toolbar" aria-label="Call controls">
      {isViewer ? (
        <span className="dock__viewer" data-testid="viewer-chip">
          <Icon name="eye" size={20} />
          <span className="dock__viewer-text">You watch and listen</span>
        </span>
      ) : (
        <>
          <DeviceToggles />
          {canShare && <ScreenToggle />}
        </>
      )}
      <span className="dock__rule" />
      <HandToggle className="dock__wide" />
      <Popover icon="smile" label="React" testId="react-button" className="dock__wide">
        {(close) => <ReactionButtons onChosen={close} />}
      </Popover>
      <PanelToggles />
      <MoreMenu onOpen={setDialog} />
      <span className="dock__rule" />
      <button
        type="button"
        className="dock__leave"
        data-testid="leave-button"
        // On a phone the word beside the icon is left out.
        aria-label="Leave"
        onClick={leave}
      >
        <Icon name="leave" />
        <span className="dock__leave-text">Leave</span>
      </button>
      {dialog === 'settings' && <SettingsDialog onClose={() => setDialog(null)} />}
      {dialog === 'room' && <RoomDialog onClose={() => setDialog(null)} />}
    </div>
  );
}

function ScreenToggle(): ReactNode {
  const isScreenOn = useCall((state) => state.isScreenOn);
  const mayShare = useCall((state) => maySend(state, 'screen'));
  const toggleScreen = useCall((state) => state.toggleScreen);
  const label = isScreenOn ? 'Stop sharing' : 'Share screen';
  return (
    <ControlButton
      testId="screen-button"
      icon={isScreenOn ? 'screenStop' : 'screen'}
      label={mayShare ? label : 'Sharing not allowed by the host'}
      tone={isScreenOn ? 'active' : 'plain'}
      isPressed={isScreenOn}
      isDisabled={!mayShare}
      onClick={() => void toggleScreen()}
    />
  );
}

function HandToggle(props: { className: string }): ReactNode {
  const isRaised = useCall((state) => selfOf(state)?.handRaised === true);
  const raiseHand = useCall((state) => state.raiseHand);
  return (
    <ControlButton
      testId="hand-button"
      className={props.className}
      icon="hand"
      label={isRaised ? 'Lower hand' : 'Raise hand'}
      shortcut="H"
      tone={isRaised ? 'active' : 'plain'}
      isPressed={isRaised}
      onClick={() => void raiseHand(!isRaised)}
    />
  );
}

function PanelToggles(): ReactNode {
  const panel = useCall((state) => state.panel);
  const unread = useCall((state) => state.unread);
  const waiting = useCall((state) => state.knocks.length);
  const openPanel = useCall((state) => state.openPanel);
  return (
    <>
      <ControlButton
        testId="chat-button"
        icon="chat"
        label={unread === 0 ? 'Chat' : `Chat, ${unread} unread`}
        shortcut="C"
        tone={panel === 'chat' ? 'active' : 'plain'}
        isExpanded={panel === 'chat'}
        badge={unread}
        onClick={() => openPanel(panel === 'chat' ? null : 'chat')}
      />
      <ControlButton
        testId="people-button"
        icon="people"
        label={waiting === 0 ? 'People' : `People, ${waiting} in the lobby`}
        shortcut="P"
        tone={panel === 'people' ? 'active' : 'plain'}
        isExpanded={panel === 'people'}
        badge={waiting}
        onClick={() => openPanel(panel === 'people' ? null : 'people')}
      />
    </>
  );
}

/** What is needed seldom; on a phone also what finds no place in the dock. */
function MoreMenu(props: { onOpen: (dialog: 'settings' | 'room') => void }): ReactNode {
  const isHost = useCall((state) => selfOf(state)?.role === 'host');
  const isRaised = useCall((state) => selfOf(state)?.handRaised === true);
  const raiseHand = useCall((state) => state.raiseHand);
  return (
    <Popover icon="more" label="More" testId="more-button">
      {(close) => (
        <>
          <div className="popover__narrow">
            <ReactionButtons onChosen={close} />
            <button
              type="button"
              className="popover__item"
              onClick={() => {
                void raiseHand(!isRaised);
                close();
              }}
            >
              <Icon name="hand" size={20} />
              {isRaised ? 'Lower hand' : 'Raise hand'}
            </button>
          </div>
          <button
            type="button"
            className="popover__item"
            data-testid="settings-button"
            onClick={() => {
              props.onOpen('settings');
              close();
            }}
          >
            <Icon name="settings" size={20} />
            Devices
          </button>
          {isHost && (
            <button
              type="button"
              className="popover__item"
              data-testid="room-button"
              onClick={() => {
                props.onOpen('room');
                close();
              }}
            >
              <Icon name="shield" size={20} />
              Meeting settings
            </button>
          )}
        </>
      )}
    </Popover>
  );
}
