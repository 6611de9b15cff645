import { useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';
import { Icon } from '../components/Icon';
import { Logo } from '../components/Logo';
import { RoomArt } from '../components/RoomArt';
import { navigate, roomPath } from '../hooks/useRoute';
import { readRoomId } from '../protocol/names';
import { makeRoomId } from '../services/roomNames';

/** Makes a meeting or joins one. */
export function LandingView(props: { isUnknownPath: boolean }): ReactNode {
  const [text, setText] = useState('');
  const [error, setError] = useState(
    props.isUnknownPath
      ? 'That address is no meeting. Check the link, or start a new meeting.'
      : '',
  );
  const join = (event: SyntheticEvent): void => {
    event.preventDefault();
    const roomId = readRoomId(text);
    if (roomId === null) {
      setError(
        text.trim() === ''
          ? 'Paste a link or type a code first.'
          : 'That is no meeting code. It has letters, digits and hyphens only.',
      );
    } else navigate(roomPath(roomId));
  };
  return (
    <main className="landing" data-testid="landing-view">
      <header className="landing__top">
        <Logo />
      </header>
      <div className="landing__main">
        <h1>
          Open a room.
          <br />
          Send the link.
        </h1>
        <p className="landing__lead">
          Talk, see each other and share a screen, right here in the browser. Nothing to install, no
          account.
        </p>
        <button
          type="button"
          className="button button--primary button--large"
          data-testid="create-button"
          onClick={() => navigate(roomPath(makeRoomId()))}
        >
          New meeting
          <Icon name="arrow" size={20} />
        </button>
        <form className="landing__join" onSubmit={join} noValidate>
          <label htmlFor="room">Have a code or a link?</label>
          <div className="landing__row">
            <input
              id="room"
              className="input"
              data-testid="room-input"
              value={text}
              placeholder="calm-otter-harbor-k7xq"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              aria-invalid={error !== ''}
              aria-describedby="room-error"
              onChange={(event) => {
                setText(event.target.value);
                setError('');
              }}
            />
            <button type="submit" className="button" data-testid="join-room-button">
              Join
            </button>
          </div>
          <p id="room-error" className="field-error" role="alert" data-testid="room-error">
            {error}
          </p>
        </form>
      </div>
      <RoomArt />
    </main>
  );
}
