import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { useDeviceWatch, useGoodbye, useNetworkWatch, usePageTitle } from '../hooks/usePageEffects';
import { routeOf, usePathname } from '../hooks/useRoute';
import { CallView } from './CallView';
import { EndedView } from './EndedView';
import { LobbyView } from './LobbyView';
import { LandingView } from './LandingView';
import { PreJoinView } from './PreJoinView';

/** Which view is seen: by the path, and in a room by the call's phase. */
export function App(): ReactNode {
  const route = routeOf(usePathname());
  const wantedRoom = route.view === 'room' ? route.roomId : '';
  const currentRoom = useCall((state) => state.roomId);
  const phase = useCall((state) => state.phase);
  const ended = useCall((state) => state.ended);
  const enterRoom = useCall((state) => state.enterRoom);
  useEffect(() => enterRoom(wantedRoom), [enterRoom, wantedRoom]);
  useDeviceWatch();
  useNetworkWatch();
  useGoodbye();
  usePageTitle();

  if (route.view !== 'room') return <LandingView isUnknownPath={route.view === 'unknown'} />;
  // The store follows the path a moment later.
  if (currentRoom !== wantedRoom) return null;
  if (ended !== null) return <EndedView ended={ended} />;
  switch (phase) {
    case 'call':
      return <CallView />;
    case 'lobby':
      return <LobbyView />;
    default:
      return <PreJoinView />;
  }
}
