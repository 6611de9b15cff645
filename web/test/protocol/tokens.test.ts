import { expect, test } from 'vitest';
import { grantOf } from '../../src/protocol/tokens';

function tokenWith(claims: unknown): string {
  const text = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(claims)));
  const payload = btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  return `header.${payload}.signature`;
}

test('the role in this room comes before the one in every room', () => {
  const token = tokenWith({ rooms: { daily: { role: 'host' }, '*': { role: 'viewer' } } });
  expect(grantOf(token, 'daily')).toEqual({ role: 'host' });
  expect(grantOf(token, 'other')).toEqual({ role: 'viewer' });
});

test('a name is read whatever letters it has', () => {
  expect(grantOf(tokenWith({ name: 'Zoë 李 🦦' }), 'daily')).toEqual({ displayName: 'Zoë 李 🦦' });
});

test.each([
  undefined,
  '',
  'opaque',
  'a.%%%.c',
  tokenWith(null),
  tokenWith({ name: 7, rooms: [] }),
  tokenWith({ rooms: { daily: { role: 'king' } } }),
])('%s grants nothing', (token) => {
  expect(grantOf(token, 'daily')).toEqual({});
});
