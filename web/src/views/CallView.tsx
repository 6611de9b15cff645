import type { ReactNode } from 'react';
import { ConnectionBanner } from '../components/ConnectionBanner';
import { ControlDock } from '../components/ControlDock';
import { CopyLinkButton } from '../components/CopyLinkButton';
import { Icon } from '../components/Icon';
import { Notices } from '../components/Notices';
import { RemoteSound } from '../components/RemoteSound';
import { TileGrid } from '../components/TileGrid';
import { useCall } from '../hooks/useCall';
import { useCallShortcuts } from '../hooks/usePageEffects';

/** The call itself. */
export function CallView(): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const count = useCall((state) => state.participants.size);
  const isBroken = useCall((state) => state.reconnect !== null);
  useCallShortcuts();
  return (
    <main className="call" data-testid="call-view" data-broken={isBroken}>
      <header className="call__top">
        <h1 className="call__room" data-testid="room-name">
          {roomId}
        </h1>
        <CopyLinkButton roomId={roomId} look="chip" testId="copy-link-button" />
        <span className="call__count" title="In this meeting">
          <Icon name="people" size={19} />
          <span data-testid="participant-count">{count}</span>
          <span className="visually-hidden"> in this meeting</span>
        </span>
      </header>
      <div className="call__banners">
        <ConnectionBanner />
        <RemoteSound />
      </div>
      <TileGrid />
      {count === 1 && !isBroken && (
        <aside className="alone" data-testid="alone-card">
          <p>Nobody else is here yet.</p>
          <CopyLinkButton roomId={roomId} look="button" testId="alone-copy-button" />
        </aside>
      )}
      <ControlDock />
      <Notices />
    </main>
  );
}
