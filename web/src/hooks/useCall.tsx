import { createContext, use } from 'react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { VideoCallState } from '../store/callState';
import type { VideoCallStore } from '../store/videoCallStore';

const StoreContext = createContext<VideoCallStore | null>(null);

export function CallProvider(props: { store: VideoCallStore; children: ReactNode }): ReactNode {
  return <StoreContext value={props.store}>{props.children}</StoreContext>;
}

/** The bridge from the store to React: re-renders when what the selector picks has changed. */
export function useCall<T>(selector: (state: VideoCallState) => T): T {
  return useStore(useCallStore(), selector);
}

export function useCallStore(): VideoCallStore {
  const store = use(StoreContext);
  if (store === null) throw new Error('useCall needs a CallProvider above it');
  return store;
}
