import type { ReactNode } from 'react';
import { Icon } from '../components/Icon';
import { Logo } from '../components/Logo';
import { useCall } from '../hooks/useCall';
import { homePath, navigate } from '../hooks/useRoute';
import type { Failure } from '../store/callState';

/** After a call, with the way back. */
export function EndedView(props: { ended: Failure }): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const enterRoom = useCall((state) => state.enterRoom);
  const { title, detail } = explain(props.ended);
  return (
    <main className="ended" data-testid="ended-view" data-reason={props.ended.code}>
      <Logo />
      <h1>{title}</h1>
      {detail !== '' && <p>{detail}</p>}
      <div className="ended__actions">
        <button
          type="button"
          className="button button--primary button--large"
          data-testid="rejoin-button"
          onClick={() => enterRoom(roomId)}
        >
          <Icon name="refresh" size={20} />
          Rejoin
        </button>
        <button
          type="button"
          className="button button--large"
          data-testid="home-button"
          onClick={() => navigate(homePath())}
        >
          Back to start
        </button>
      </div>
    </main>
  );
}

function explain({ code, message }: Failure): { title: string; detail: string } {
  switch (code) {
    case 'left':
      return { title: 'You left the meeting.', detail: 'Your microphone and camera are off.' };
    case 'roomEnded':
      return { title: 'The meeting has ended.', detail: 'The host closed it for everybody.' };
    case 'removed':
      return { title: 'You were taken out of the meeting.', detail: '' };
    case 'replaced':
      return { title: 'You joined from another place.', detail: 'The call goes on there.' };
    case 'ROOM_FULL':
      return {
        title: 'You lost your place.',
        detail: 'The connection broke, and the meeting is full now.',
      };
    case 'ROOM_LOCKED':
      return {
        title: 'You cannot come back in.',
        detail: 'The connection broke, and the meeting is locked now.',
      };
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
      return {
        title: 'You cannot come back in.',
        detail: 'The connection broke, and this link lets nobody in any more. Ask for a new one.',
      };
    case 'CLIENT_TOO_OLD':
    case 'CLIENT_TOO_NEW':
      return {
        title: 'The server was updated.',
        detail: 'Reload this page to go on.',
      };
    default:
      return {
        title: 'The call ended.',
        detail:
          message === '' ? 'The server closed the connection.' : `The server said: ${message}.`,
      };
  }
}
