import { describe, expect, test } from 'vitest';
import { isWorthRetrying, RequestError } from '../../src/protocol/errors';
import { isRoomId, readRoomId, tidyDisplayName, tokenOf } from '../../src/protocol/names';

describe('readRoomId', () => {
  test.each([
    ['calm-otter-harbor-k7xq', 'calm-otter-harbor-k7xq'],
    ['  calm-otter  ', 'calm-otter'],
    ['calm otter harbor', 'calm-otter-harbor'],
    ['https://meet.example/r/calm-otter', 'calm-otter'],
    ['https://meet.example/r/calm-otter?x=1#y', 'calm-otter'],
    ['meet.example/r/calm-otter/', 'calm-otter'],
    ['/r/A_b-3', 'A_b-3'],
  ])('reads %j', (text, roomId) => {
    expect(readRoomId(text)).toBe(roomId);
  });

  test.each(['', '   ', 'https://meet.example/', 'a/b', 'naïve', '/r/%zz', 'x'.repeat(65)])(
    'finds no room in %j',
    (text) => {
      expect(readRoomId(text)).toBeNull();
    },
  );
});

test('isRoomId has the limits of the server', () => {
  expect(isRoomId('x'.repeat(64))).toBe(true);
  expect(isRoomId('x'.repeat(65))).toBe(false);
  expect(isRoomId('')).toBe(false);
});

test('tidyDisplayName folds white space and never cuts a character in two', () => {
  expect(tidyDisplayName('  Ana \t Ruiz ')).toBe('Ana Ruiz');
  expect(tidyDisplayName('🦦'.repeat(70))).toBe('🦦'.repeat(64));
  expect(tidyDisplayName('\n')).toBe('');
});

test('only what can change by itself is worth another attempt', () => {
  expect(isWorthRetrying(new RequestError('DISCONNECTED', '', 'open'))).toBe(true);
  expect(isWorthRetrying(new RequestError('DRAINING', '', 'joinRoom'))).toBe(true);
  expect(isWorthRetrying(new RequestError('ROOM_LOCKED', '', 'joinRoom'))).toBe(false);
});

test.each([
  ['', {}],
  ['#', {}],
  ['#token=', {}],
  ['#other=1', {}],
  ['#token=a.b-c_d', { token: 'a.b-c_d' }],
])('reads the token of a link from %j', (fragment, expected) => {
  expect(tokenOf(fragment)).toEqual(expected);
});
