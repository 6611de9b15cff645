import { useEffect } from 'react';
import { watchDevices } from '../services/deviceService';
import { selfOf } from '../store/callState';
import type { VideoCallState } from '../store/callState';
import { useCall, useCallStore } from './useCall';

/**
 * Keys of a call: m for the microphone, v for the camera, c for the chat, p for the people, h for one's hand. Not
 * while typing, nor with a modifier.
 */
export function useCallShortcuts(isOn = true): void {
  const store = useCallStore();
  useEffect(() => {
    if (!isOn) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && isTypingPlace(event.target)) return;
      const key = event.key.toLowerCase();
      if (key === 'm') void store.getState().toggleMicrophone();
      else if (key === 'v') void store.getState().toggleCamera();
      else if (store.getState().phase !== 'call' || !pressRoomKey(key, store.getState())) return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [store, isOn]);
}

/** Keeps the device lists fresh; before a call it also tries again what failed. */
export function useDeviceWatch(): void {
  const store = useCallStore();
  useEffect(
    () =>
      watchDevices(() => {
        const { phase, problems, openPreview, refreshDevices } = store.getState();
        const isMissing = problems.microphone !== null || problems.camera !== null;
        void (phase === 'prejoin' && isMissing ? openPreview() : refreshDevices());
      }),
    [store],
  );
}

/** Tells the store when the browser is back on a network, or its page is looked at again. */
export function useNetworkWatch(): void {
  const store = useCallStore();
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') store.getState().retryNow();
    };
    window.addEventListener('online', () => store.getState().networkChanged(), { signal });
    document.addEventListener('visibilitychange', onVisible, { signal });
    return () => stop.abort();
  }, [store]);
}

/** Says goodbye when the tab is closed or loaded anew: a socket that just breaks keeps its place in the room. */
export function useGoodbye(): void {
  const store = useCallStore();
  useEffect(() => {
    const onPageHide = (event: PageTransitionEvent): void => {
      // A page that the browser keeps for "back" may come back to its call.
      if (!event.persisted && /^(call|lobby)$/.test(store.getState().phase)) {
        store.getState().leave();
      }
    };
    window.addEventListener('pagehide', onPageHide);
    return () => window.removeEventListener('pagehide', onPageHide);
  }, [store]);
}

/** The tab's title says where one is, and how many are there. */
export function usePageTitle(): void {
  const title = useCall((state) => {
    if (state.roomId === '') return 'videocall';
    switch (state.phase) {
      case 'call':
        return state.reconnect === null
          ? `(${state.participants.size}) ${state.roomId} · videocall`
          : `Reconnecting… · ${state.roomId}`;
      case 'lobby':
        return `Waiting · ${state.roomId}`;
      case 'ended':
        return 'Meeting ended · videocall';
      default:
        return `Join ${state.roomId} · videocall`;
    }
  });
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function pressRoomKey(key: string, state: VideoCallState): boolean {
  switch (key) {
    case 'c':
      state.openPanel(state.panel === 'chat' ? null : 'chat');
      return true;
    case 'p':
      state.openPanel(state.panel === 'people' ? null : 'people');
      return true;
    case 'h':
      void state.raiseHand(selfOf(state)?.handRaised !== true);
      return true;
    default:
      return false;
  }
}

function isTypingPlace(element: HTMLElement): boolean {
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
}
