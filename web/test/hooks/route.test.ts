import { afterEach, describe, expect, test } from 'vitest';
import { homePath, roomPath, routeOf } from '../../src/hooks/useRoute';
import { signalingUrl } from '../../src/services/protooConnection';

function mountAt(href: string): void {
  const base = document.createElement('base');
  base.setAttribute('href', href);
  document.head.append(base);
}

afterEach(() => document.querySelector('base')?.remove());

describe('at the root', () => {
  test('the routes', () => {
    mountAt('/');
    expect(routeOf('/')).toEqual({ view: 'landing' });
    expect(routeOf('/r/calm-otter')).toEqual({ view: 'room', roomId: 'calm-otter' });
    expect(routeOf('/else')).toEqual({ view: 'unknown' });
    expect([homePath(), roomPath('x')]).toEqual(['/', '/r/x']);
  });
});

describe('mounted in an application', () => {
  test('the routes, their links and the socket are below its path', () => {
    mountAt('/meet/');
    expect(routeOf('/meet')).toEqual({ view: 'landing' });
    expect(routeOf('/meet/')).toEqual({ view: 'landing' });
    expect(routeOf('/meet/r/calm-otter')).toEqual({ view: 'room', roomId: 'calm-otter' });
    expect([homePath(), roomPath('x')]).toEqual(['/meet/', '/meet/r/x']);
    const location = new URL('https://example.org/meet/r/x') as unknown as Location;
    expect(signalingUrl(location, 'x', 'a')).toBe('wss://example.org/meet/ws?roomId=x&peerId=a');
  });

  test('what is beside it is not the page', () => {
    mountAt('/meet/');
    expect(routeOf('/')).toEqual({ view: 'unknown' });
    expect(routeOf('/meeting')).toEqual({ view: 'unknown' });
  });
});
