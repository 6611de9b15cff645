import { act, cleanup, fireEvent, screen } from '@testing-library/react';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { joinCall, showApp } from '../fakes/showApp';
import { settled } from '../fakes/startCall';

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
