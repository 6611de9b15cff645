import { useEffect, useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';
import { CopyLinkButton } from '../components/CopyLinkButton';
import { DevicePickers } from '../components/DevicePickers';
import { Icon } from '../components/Icon';
import { Logo } from '../components/Logo';
import { PermissionHelp } from '../components/PermissionHelp';
import { Preview } from '../components/Preview';
import { useCall } from '../hooks/useCall';
import { useCallShortcuts } from '../hooks/usePageEffects';
import { homePath, navigate } from '../hooks/useRoute';
import { DISPLAY_NAME_LIMIT, tidyDisplayName } from '../protocol/names';
import type { Failure } from '../store/callState';

/** Name, preview and devices before a call. */
export function PreJoinView(): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const knownName = useCall((state) => state.displayName);
  const isJoining = useCall((state) => state.phase === 'joining');
  const joinError = useCall((state) => state.joinError);
  const isSilent = useCall((state) => !state.isMicrophoneOn && !state.isCameraOn);
  const join = useCall((state) => state.join);
  const openPreview = useCall((state) => state.openPreview);
  const [name, setName] = useState(knownName);
  const [isNameMissing, setNameMissing] = useState(false);
  useEffect(() => void openPreview(), [openPreview]);
  useCallShortcuts();

  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (tidyDisplayName(name) === '') setNameMissing(true);
    else void join(name);
  };
  return (
    <main className="prejoin" data-testid="prejoin-view">
      <header className="prejoin__top">
        <a
          className="plain-link"
          href={homePath()}
          data-testid="home-link"
          onClick={(event) => {
            event.preventDefault();
            navigate(homePath());
          }}
        >
          <Logo />
        </a>
      </header>
      <div className="prejoin__main">
        <div className="prejoin__look">
          <Preview name={tidyDisplayName(name)} />
          <PermissionHelp />
        </div>
        <form className="prejoin__form" onSubmit={submit} noValidate>
          <h1>Ready to join?</h1>
          <div className="prejoin__room">
            <span data-testid="room-name">{roomId}</span>
            <CopyLinkButton roomId={roomId} look="chip" testId="copy-link-button" />
          </div>
          <label className="field-label" htmlFor="name">
            Your name
          </label>
          <input
            id="name"
            className="input"
            data-testid="name-input"
            value={name}
            placeholder="How the others see you"
            maxLength={DISPLAY_NAME_LIMIT}
            autoComplete="name"
            aria-invalid={isNameMissing}
            aria-describedby="name-error"
            onChange={(event) => {
              setName(event.target.value);
              setNameMissing(false);
            }}
          />
          <p id="name-error" className="field-error" role="alert">
            {isNameMissing && 'Type a name first, so that the others know who you are.'}
          </p>
          <DevicePickers />
          {joinError !== null && (
            <p className="join-error" role="alert" data-testid="join-error">
              <Icon name="warning" size={20} />
              {explain(joinError)}
            </p>
          )}
          <button
            type="submit"
            className="button button--primary button--large"
            data-testid="join-button"
            disabled={isJoining}
          >
            {isJoining && <span className="spinner" />}
            {isJoining ? 'Joining…' : isSilent ? 'Join without camera and mic' : 'Join meeting'}
          </button>
        </form>
      </div>
    </main>
  );
}

function explain({ code, message }: Failure): string {
  switch (code) {
    case 'DISCONNECTED':
    case 'TIMEOUT':
      return 'The server is out of reach. Check your network and try again.';
    case 'ROOM_FULL':
      return 'This meeting is full.';
    case 'ROOM_LOCKED':
      return 'This meeting is locked: nobody else can come in.';
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
    case 'FORBIDDEN':
      return 'This link does not let you in. Ask for a new one.';
    case 'DRAINING':
      return 'The server is about to restart. Try again in a minute.';
    case 'CLIENT_TOO_OLD':
    case 'CLIENT_TOO_NEW':
      return 'The server was updated. Reload this page and join again.';
    case 'RATE_LIMITED':
      return 'Too many attempts. Wait a moment and try again.';
    case 'UNSUPPORTED_BROWSER':
      return 'This browser cannot hold a call. Use a current Chrome, Edge, Firefox or Safari.';
    default:
      return `The meeting could not be joined (${message || code}).`;
  }
}
