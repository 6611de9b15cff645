import type { ReactNode } from 'react';
import { ChatPanel } from '../components/ChatPanel';
import { ConnectionBanner } from '../components/ConnectionBanner';
import { ControlDock } from '../components/ControlDock';
import { CopyLinkButton } from '../components/CopyLinkButton';
import { Icon } from '../components/Icon';
import { KnockList } from '../components/KnockList';
import { Notices } from '../components/Notices';
import { PeoplePanel } from '../components/PeoplePanel';
import { ReactionVoice } from '../components/Reactions';
import { RemoteSound } from '../components/RemoteSound';
import { TileGrid } from '../components/TileGrid';
import { useCall } from '../hooks/useCall';
import { useCallShortcuts } from '../hooks/usePageEffects';

/** The call itself. */
export function CallView(): ReactNode {
  const roomId = useCall((state) => state.roomId);
  const count = useCall((state) => state.participants.size);
  const isBroken = useCall((state) => state.reconnect !== null);
  const panel = useCall((state) => state.panel);
  const hasKnocks = useCall((state) => state.knocks.length > 0);
  const isLocked = useCall((state) => state.room?.locked === true);
  useCallShortcuts();
  return (
    <main className="call" data-testid="call-view" data-broken={isBroken}>
      <header className="call__top">
        <h1 className="call__room" data-testid="room-name">
          {roomId}
        </h1>
        <CopyLinkButton roomId={roomId} look="chip" testId="copy-link-button" />
        {isLocked && (
          <span className="call__locked" data-testid="locked-mark" title="The meeting is locked">
            <Icon name="lock" size={17} />
            <span className="visually-hidden">The meeting is locked</span>
          </span>
        )}
        <span className="call__count" title="In this meeting">
          <Icon name="people" size={19} />
          <span data-testid="participant-count">{count}</span>
          <span className="visually-hidden"> in this meeting</span>
        </span>
      </header>
      <div className="call__banners">
        <ConnectionBanner />
        <RemoteSound />
        {panel !== 'people' && hasKnocks && <KnockList limit={2} />}
      </div>
      <div className="call__stage">
        <TileGrid />
        {panel === 'chat' && <ChatPanel />}
        {panel === 'people' && <PeoplePanel />}
      </div>
      {count === 1 && !isBroken && (
        <aside className="alone" data-testid="alone-card">
          <p>Nobody else is here yet.</p>
          <CopyLinkButton roomId={roomId} look="button" testId="alone-copy-button" />
        </aside>
      )}
      <ControlDock />
      <Notices />
      <ReactionVoice />
    </main>
  );
}
