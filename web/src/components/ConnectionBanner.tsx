import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { useNow } from '../hooks/useNow';
import type { Reconnect } from '../store/callState';

/** Says that the connection is broken, what the page does about it, and when. Nothing when all is well. */
export function ConnectionBanner(): ReactNode {
  const reconnect = useCall((state) => state.reconnect);
  const isMediaInterrupted = useCall((state) => state.isMediaInterrupted);
  if (reconnect !== null) return <Reconnecting reconnect={reconnect} />;
  if (!isMediaInterrupted) return null;
  return (
    <div className="banner" role="alert" data-testid="connection-banner" data-state="media">
      <span className="spinner" />
      Your network is not letting audio and video through. Trying another way…
    </div>
  );
}

function Reconnecting(props: { reconnect: Reconnect }): ReactNode {
  const { attempt, retryAt } = props.reconnect;
  const now = useNow(250);
  const retryNow = useCall((state) => state.retryNow);
  const seconds = retryAt === null ? 0 : Math.ceil((retryAt - now) / 1000);
  return (
    <div
      className="banner banner--serious"
      role="alert"
      data-testid="connection-banner"
      data-state="reconnecting"
      data-attempt={attempt}
    >
      <span className="spinner" />
      <span>Connection lost.</span>
      {/* Not announced: a countdown read aloud every second would hide everything else. */}
      <span aria-live="off">{seconds > 1 ? `Trying again in ${seconds} s.` : 'Reconnecting…'}</span>
      {seconds > 1 && (
        <button
          type="button"
          className="button button--small"
          data-testid="retry-button"
          onClick={retryNow}
        >
          Try now
        </button>
      )}
    </div>
  );
}
