import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { participant } from '../fakes/fakeServer';
import { joinCall, showApp } from '../fakes/showApp';
import { settled } from '../fakes/startCall';
import type { Call } from '../fakes/startCall';

afterEach(cleanup);

async function hostWithAna(): Promise<Call> {
  const call = await showApp('/r/calm-otter', ({ server }) => {
    server.joinAnswer.role = 'host';
    server.addParticipant('ana', 'Ana Ruiz');
  });
  await joinCall();
  return call;
}

async function click(testId: string): Promise<void> {
  fireEvent.click(screen.getByTestId(testId));
  await act(settled);
}

test('the chat opens with its field in focus, sends with Enter, and Escape goes back', async () => {
  const { server } = await hostWithAna();
  screen.getByTestId('chat-button').focus();
  await click('chat-button');
  const field = screen.getByTestId<HTMLTextAreaElement>('chat-input');
  expect(document.activeElement).toBe(field);
  fireEvent.change(field, { target: { value: 'see https://otter.example' } });
  fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
  expect(server.requests('sendMessage')).toHaveLength(0);
  fireEvent.keyDown(field, { key: 'Enter' });
  await act(settled);
  expect(field.value).toBe('');
  const link = within(screen.getByRole('log')).getByRole('link');
  expect(link.getAttribute('href')).toBe('https://otter.example/');
  expect(link.getAttribute('rel')).toContain('noopener');
  fireEvent.keyDown(field, { key: 'Escape' });
  expect(screen.queryByTestId('chat-panel')).toBeNull();
  expect(document.activeElement).toBe(screen.getByTestId('chat-button'));
});

test('what is unread is on the button, in figures and in words', async () => {
  const { server } = await hostWithAna();
  act(() => server.socket.notify('message', server.write('ana', 'Ana Ruiz', 'hello')));
  const button = screen.getByTestId('chat-button');
  expect(button.getAttribute('aria-label')).toBe('Chat, 1 unread');
  expect(button.textContent).toContain('1');
});

test('who may not write is told so instead of a field', async () => {
  await showApp('/r/calm-otter', ({ server }) => {
    server.joinAnswer.permissions = { chat: false };
  });
  await joinCall();
  await click('chat-button');
  expect(screen.getByTestId('chat-closed')).toBeTruthy();
  expect(screen.queryByTestId('chat-input')).toBeNull();
});

test('a host manages people; removing asks first', async () => {
  const { server } = await hostWithAna();
  await click('people-button');
  await click('manage-ana');
  await click('make-host-ana');
  expect(server.requests('setRole')).toEqual([{ participantId: 'ana', role: 'host' }]);
  await click('may-audio-ana');
  expect(server.requests('setPermissions')).toEqual([
    { participantId: 'ana', permissions: { audio: false } },
  ]);
  await click('remove-ana');
  expect(server.requests('removeParticipant')).toEqual([]);
  expect(screen.getByTestId('remove-ana').textContent).toBe('Remove Ana Ruiz?');
  await click('remove-ana');
  expect(server.requests('removeParticipant')).toEqual([{ participantId: 'ana' }]);
});

test('somebody who is no host sees everybody, and manages nobody', async () => {
  await showApp('/r/calm-otter', ({ server }) => server.addParticipant('ana', 'Ana Ruiz'));
  await joinCall();
  await click('people-button');
  expect(screen.getByTestId('person-ana').textContent).toContain('Ana Ruiz');
  expect(screen.queryByTestId('manage-ana')).toBeNull();
  await click('more-button');
  expect(screen.queryByTestId('room-button')).toBeNull();
});

test('a knock is a bar over the call with the door on it', async () => {
  const { server } = await hostWithAna();
  act(() => server.socket.notify('lobbyKnock', { knockId: 'k1', displayName: 'Cy' }));
  expect(screen.getByTestId('knocks').textContent).toContain('Cy wants to come in');
  await click('admit-k1');
  expect(server.requests('admit')).toEqual([{ knockId: 'k1' }]);
});

test('a host sets the meeting: lock, password, rights, end', async () => {
  const { server } = await hostWithAna();
  await click('more-button');
  await click('room-button');
  await click('lock-switch');
  fireEvent.change(screen.getByTestId('room-password-input'), { target: { value: 'otters' } });
  await click('room-password-save');
  await click('room-may-chat');
  expect(server.requests('updateRoom')).toEqual([
    { locked: true },
    { password: 'otters' },
    { permissions: { chat: false } },
  ]);
  act(() => server.socket.notify('roomUpdated', { ...server.joinAnswer.room, hasPassword: true }));
  await click('room-password-clear');
  expect(server.requests('updateRoom').at(-1)).toEqual({ password: null });
  await click('end-room-button');
  expect(server.requests('endRoom')).toEqual([]);
  await click('end-room-button');
  expect(server.requests('endRoom')).toEqual([{}]);
});

test('a hand and a reaction are on the tile', async () => {
  const { server } = await hostWithAna();
  act(() => {
    server.socket.notify('participantUpdated', {
      ...participant('ana', 'Ana Ruiz'),
      handRaised: true,
    });
    server.socket.notify('reaction', { participantId: 'ana', emoji: '👏' });
  });
  expect(screen.getByTestId('hand-ana')).toBeTruthy();
  expect(screen.getByTestId('tile-ana').getAttribute('aria-label')).toContain('hand raised');
  expect(screen.getByTestId('reaction-ana').textContent).toBe('👏');
});

test('a viewer has no switches for devices', async () => {
  await showApp('/r/calm-otter', ({ server }) => {
    server.joinAnswer.role = 'viewer';
    server.joinAnswer.permissions = { audio: false, video: false, screen: false, chat: true };
  });
  await joinCall();
  expect(screen.getByTestId('viewer-chip')).toBeTruthy();
  for (const id of ['mute-button', 'camera-button', 'screen-button']) {
    expect(screen.queryByTestId(id)).toBeNull();
  }
});

test('a link for viewers asks for no device, and keeps the name that it gives', async () => {
  const claims = btoa(JSON.stringify({ name: 'Ada', rooms: { '*': { role: 'viewer' } } }));
  const { devices } = await showApp(`/r/calm-otter#token=a.${claims}.c`);
  expect(screen.getByTestId('viewer-note')).toBeTruthy();
  expect(screen.queryByTestId('camera-select')).toBeNull();
  const name = screen.getByTestId<HTMLInputElement>('name-input');
  expect([name.value, name.readOnly]).toEqual(['Ada', true]);
  fireEvent.keyDown(window, { key: 'm' });
  await act(settled);
  expect(devices.prompts).toEqual([]);
  expect(screen.getByTestId('join-button').textContent).toBe('Join to watch');
});

test('a right that is missing is said on its switch', async () => {
  await showApp('/r/calm-otter', ({ server }) => {
    server.joinAnswer.permissions = { audio: false, video: true, screen: true, chat: true };
  });
  await joinCall();
  const mute = screen.getByTestId<HTMLButtonElement>('mute-button');
  expect(mute.disabled).toBe(true);
  expect(mute.getAttribute('aria-label')).toBe('Microphone not allowed by the host');
  expect(screen.getByTestId<HTMLButtonElement>('camera-button').disabled).toBe(false);
});

test('c, p and h open the chat, the people, and raise the hand', async () => {
  const { server } = await hostWithAna();
  fireEvent.keyDown(window, { key: 'c' });
  expect(screen.getByTestId('chat-panel')).toBeTruthy();
  fireEvent.keyDown(window, { key: 'p' });
  expect(screen.getByTestId('people-panel')).toBeTruthy();
  expect(screen.queryByTestId('chat-panel')).toBeNull();
  fireEvent.keyDown(window, { key: 'h' });
  await act(settled);
  expect(server.requests('raiseHand')).toEqual([{ raised: true }]);
});
