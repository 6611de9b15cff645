import { useEffect } from 'react';
import { watchDevices } from '../services/deviceService';
import { useCall, useCallStore } from './useCall';

/** Keys of a call: m for the microphone, v for the camera. Not while typing, nor with a modifier. */
export function useCallShortcuts(): void {
  const store = useCallStore();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && isTypingPlace(event.target)) return;
      const key = event.key.toLowerCase();
      if (key === 'm') void store.getState().toggleMicrophone();
      else if (key === 'v') void store.getState().toggleCamera();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [store]);
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
      if (!event.persisted && store.getState().phase === 'call') store.getState().leave();
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

function isTypingPlace(element: HTMLElement): boolean {
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
}
