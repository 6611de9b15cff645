import { useSyncExternalStore } from 'react';
import { isRoomId } from '../protocol/names';
import { mountPath } from '../services/mountPath';

export type Route = { view: 'landing' } | { view: 'room'; roomId: string } | { view: 'unknown' };

export function routeOf(pathname: string): Route {
  const mount = mountPath();
  if (!`${pathname}/`.startsWith(`${mount}/`)) return { view: 'unknown' };
  const path = pathname.slice(mount.length);
  if (path === '' || path === '/' || path === '/index.html') return { view: 'landing' };
  const roomId = /^\/r\/([^/]+)\/?$/.exec(path)?.[1];
  return roomId !== undefined && isRoomId(roomId) ? { view: 'room', roomId } : { view: 'unknown' };
}

export function homePath(): string {
  return `${mountPath()}/`;
}

export function roomPath(roomId: string): string {
  return `${mountPath()}/r/${roomId}`;
}

export function roomLink(roomId: string): string {
  return window.location.origin + roomPath(roomId);
}

/** Goes to another view of the page without loading it anew. */
export function navigate(path: string): void {
  window.history.pushState(null, '', path);
  window.dispatchEvent(new PopStateEvent('popstate'));
}

/** The current path; follows links, and the browser's back and forward. */
export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('popstate', onChange);
  return () => window.removeEventListener('popstate', onChange);
}
