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
import { DISPLAY_NAME_LIMIT, tidyDisplayName, tokenOf } from '../protocol/names';
import { grantOf } from '../protocol/tokens';
import { joinRefusalOf } from '../protocol/sentences';

/** Name, preview and devices before a call. */
export function PreJoinView(): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const knownName = useCall((state) => state.displayName);
  const isJoining = useCall((state) => state.phase === 'joining');
  const joinError = useCall((state) => state.joinError);
  const isSilent = useCall((state) => !state.isMicrophoneOn && !state.isCameraOn);
  const join = useCall((state) => state.join);
  const openPreview = useCall((state) => state.openPreview);
  const isPasswordWanted = useCall((state) => state.isPasswordWanted);
  const [password, setPassword] = useState('');
  const [grant] = useState(() => grantOf(tokenOf(window.location.hash).token, roomId));
  const isViewer = grant.role === 'viewer';
  const [name, setName] = useState(grant.displayName ?? knownName);
  const [isNameMissing, setNameMissing] = useState(false);
  useEffect(() => {
    if (!isViewer) void openPreview();
  }, [openPreview, isViewer]);
  useCallShortcuts(!isViewer);

  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (tidyDisplayName(name) === '') setNameMissing(true);
    else void join(name, password);
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
          {isViewer ? (
            <p className="prejoin__viewer" data-testid="viewer-note">
              <Icon name="eye" size={30} />
              This link lets you watch and listen. The others do not see or hear you, so that you
              need neither camera nor microphone.
            </p>
          ) : (
            <>
              <Preview name={tidyDisplayName(name)} />
              <PermissionHelp />
            </>
          )}
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
            readOnly={grant.displayName !== undefined}
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
          {isPasswordWanted && (
            <>
              <label className="field-label" htmlFor="password">
                Password of the meeting
              </label>
              <input
                id="password"
                className="input prejoin__password"
                data-testid="password-input"
                type="password"
                value={password}
                maxLength={128}
                autoComplete="off"
                aria-invalid={joinError?.code === 'PASSWORD_WRONG'}
                aria-describedby="join-error"
                onChange={(event) => setPassword(event.target.value)}
              />
            </>
          )}
          {!isViewer && <DevicePickers />}
          {joinError !== null && (
            <p id="join-error" className="join-error" role="alert" data-testid="join-error">
              <Icon name="warning" size={20} />
              {joinRefusalOf(joinError)}
            </p>
          )}
          <button
            type="submit"
            className="button button--primary button--large"
            data-testid="join-button"
            disabled={isJoining}
          >
            {isJoining && <span className="spinner" />}
            {isJoining ? 'Joining…' : joinWords(isViewer, isSilent)}
          </button>
        </form>
      </div>
    </main>
  );
}

function joinWords(isViewer: boolean, isSilent: boolean): string {
  if (isViewer) return 'Join to watch';
  return isSilent ? 'Join without camera and mic' : 'Join meeting';
}
