import { act, cleanup, fireEvent, screen } from '@testing-library/react';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { joinCall, showApp } from '../fakes/showApp';
import { Refusal } from '../fakes/fakeServer';
import { settled } from '../fakes/startCall';

// axe reads the whole page, many times over; a busy machine is no failure.
vi.setConfig({ testTimeout: 60_000 });

beforeEach(() => {
  document.documentElement.lang = 'en'; // index.html says it
  HTMLCanvasElement.prototype.getContext = () => null; // axe looks for fonts of icons
});
afterEach(cleanup);

/** The rules of axe that the page breaks, each with the elements concerned. jsdom lays nothing out: no contrast. */
async function broken(): Promise<string[]> {
  const { violations, passes } = await axe.run(document, {
    rules: { 'color-contrast': { enabled: false } },
  });
  expect(passes.length).toBeGreaterThan(5);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

test('axe sees what is wrong', async () => {
  await showApp('/');
  screen.getByTestId('room-input').removeAttribute('placeholder');
  document.querySelector('label')?.remove();
  expect((await broken()).join()).toMatch(/\blabel: <input/);
});

test('landing, with its error', async () => {
  await showApp('/');
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('join-room-button'));
  expect(await broken()).toEqual([]);
});

test('before a call, with everything that can go wrong', async () => {
  const { server } = await showApp('/r/calm-otter', ({ devices }) => {
    devices.audioError = 'NotReadableError';
    devices.videoError = 'NotFoundError';
  });
  fireEvent.click(screen.getByTestId('join-button'));
  expect(screen.getByTestId('permission-help')).toBeTruthy();
  expect(await broken()).toEqual([]);
  server.isReachable = false;
  fireEvent.change(screen.getByTestId('name-input'), { target: { value: 'Maya' } });
  fireEvent.click(screen.getByTestId('join-button'));
  await act(settled);
  expect(screen.getByTestId('join-error')).toBeTruthy();
  expect(await broken()).toEqual([]);
});

test('a call: alone, with others, sharing, its settings', async () => {
  const { server } = await showApp('/r/calm-otter');
  await joinCall();
  expect(screen.getByTestId('alone-card')).toBeTruthy();
  expect(await broken()).toEqual([]);
  act(() => {
    server.addParticipant('ana', 'Ana Ruiz');
    server.addProducer('mic', 'ana', 'microphone');
    server.addProducer('scr', 'ana', 'screen');
  });
  await act(settled);
  expect(screen.getByTestId('tile-ana').dataset.presenting).toBe('true');
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('more-button'));
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('settings-button'));
  expect(screen.getByTestId('settings-dialog')).toBeTruthy();
  expect(await broken()).toEqual([]);
});

test('a call that broke, and one that is over', async () => {
  const { server } = await showApp('/r/calm-otter');
  await joinCall();
  server.isReachable = false;
  act(() => server.socket.breakDown());
  expect(screen.getByTestId('connection-banner')).toBeTruthy();
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('leave-button'));
  await act(settled);
  expect(screen.getByTestId('ended-view')).toBeTruthy();
  expect(await broken()).toEqual([]);
});

test('chat, people and what a host sets', async () => {
  const { server } = await showApp('/r/calm-otter', ({ server }) => {
    server.joinAnswer.role = 'host';
    server.addParticipant('ana', 'Ana Ruiz');
    server.write('ana', 'Ana Ruiz', 'hello, see https://otter.example');
  });
  await joinCall();
  act(() => {
    server.socket.notify('lobbyKnock', { knockId: 'k1', displayName: 'Cy' });
    server.socket.notify('reaction', { participantId: 'ana', emoji: '👏' });
  });
  expect(screen.getByTestId('knocks')).toBeTruthy();
  fireEvent.click(screen.getByTestId('chat-button'));
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('people-button'));
  fireEvent.click(screen.getByTestId('manage-ana'));
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('react-button'));
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('more-button'));
  fireEvent.click(screen.getByTestId('room-button'));
  expect(screen.getByTestId('room-dialog')).toBeTruthy();
  expect(await broken()).toEqual([]);
});

test('the door: a password, the lobby, a viewer inside', async () => {
  const { server } = await showApp('/r/calm-otter');
  const { joinRoom } = server.handlers;
  const join = async (): Promise<void> => {
    fireEvent.click(screen.getByTestId('join-button'));
    await act(settled);
  };
  server.handlers.joinRoom = () => {
    throw new Refusal('PASSWORD_REQUIRED');
  };
  fireEvent.change(screen.getByTestId('name-input'), { target: { value: 'Maya' } });
  await join();
  expect(screen.getByTestId('password-input')).toBeTruthy();
  expect(await broken()).toEqual([]);
  server.handlers.joinRoom = () => ({ roomId: 'calm-otter', lobby: true, knockId: 'k1' });
  await join();
  expect(screen.getByTestId('lobby-view')).toBeTruthy();
  expect(await broken()).toEqual([]);
  fireEvent.click(screen.getByTestId('give-up-button'));
  await act(settled);
  if (joinRoom !== undefined) server.handlers.joinRoom = joinRoom;
  server.joinAnswer.role = 'viewer';
  server.joinAnswer.permissions = { audio: false, video: false, screen: false, chat: false };
  await join();
  expect(screen.getByTestId('viewer-chip')).toBeTruthy();
  fireEvent.click(screen.getByTestId('chat-button'));
  expect(await broken()).toEqual([]);
});
