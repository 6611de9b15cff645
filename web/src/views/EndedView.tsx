import type { ReactNode } from 'react';
import { Icon } from '../components/Icon';
import { Logo } from '../components/Logo';
import { useCall } from '../hooks/useCall';
import { homePath, navigate } from '../hooks/useRoute';
import { endOf } from '../protocol/sentences';
import type { Failure } from '../protocol/sentences';

/** After a call, with the way back. */
export function EndedView(props: { ended: Failure }): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const enterRoom = useCall((state) => state.enterRoom);
  const { title, detail, canRejoin } = endOf(props.ended);
  return (
    <main className="ended" data-testid="ended-view" data-reason={props.ended.code}>
      <Logo />
      <h1>{title}</h1>
      {detail !== '' && <p>{detail}</p>}
      <div className="ended__actions">
        {canRejoin && (
          <button
            type="button"
            className="button button--primary button--large"
            data-testid="rejoin-button"
            onClick={() => enterRoom(roomId)}
          >
            <Icon name="refresh" size={20} />
            Rejoin
          </button>
        )}
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
