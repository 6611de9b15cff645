import type { ReactNode } from 'react';
import { ConnectionBanner } from '../components/ConnectionBanner';
import { Logo } from '../components/Logo';
import { Preview } from '../components/Preview';
import { useCall } from '../hooks/useCall';
import { useCallShortcuts } from '../hooks/usePageEffects';

/** Somebody has knocked, and waits for a host to open. */
export function LobbyView(): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const displayName = useCall((state) => state.displayName);
  const leave = useCall((state) => state.leave);
  useCallShortcuts();
  return (
    <main className="prejoin" data-testid="lobby-view">
      <header className="prejoin__top">
        <Logo />
      </header>
      <div className="prejoin__main">
        <div className="prejoin__look">
          <Preview name={displayName} />
        </div>
        <div className="lobby">
          <h1>Waiting to be let in</h1>
          <p role="status">
            <span className="spinner" /> A host of <strong>{roomId}</strong> has been told that you
            are here. You come in by yourself as soon as they open.
          </p>
          <ConnectionBanner />
          <button
            type="button"
            className="button button--large"
            data-testid="give-up-button"
            onClick={leave}
          >
            Stop waiting
          </button>
        </div>
      </div>
    </main>
  );
}
