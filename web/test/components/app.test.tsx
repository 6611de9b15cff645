import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';
import { joinCall, showApp } from '../fakes/showApp';
import { settled } from '../fakes/startCall';

afterEach(cleanup);

describe('landing', () => {
  test('makes a room and goes there', async () => {
    await showApp('/');
    fireEvent.click(screen.getByTestId('create-button'));
    await act(settled);
    expect(window.location.pathname).toMatch(/^\/r\/[a-z]+-[a-z]+-[a-z]+-[a-z2-9]{4}$/);
    expect(screen.getByTestId('prejoin-view')).toBeTruthy();
  });

  test('takes a link, and explains what is none', async () => {
    await showApp('/');
    const field = screen.getByTestId('room-input');
    fireEvent.change(field, { target: { value: 'not a room!' } });
    fireEvent.click(screen.getByTestId('join-room-button'));
    expect(screen.getByTestId('room-error').textContent).toContain('no meeting code');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    fireEvent.change(field, { target: { value: 'https://x.example/r/calm-otter' } });
    fireEvent.click(screen.getByTestId('join-room-button'));
    await act(settled);
    expect(window.location.pathname).toBe('/r/calm-otter');
  });

  test('says so when the address is no meeting', async () => {
    await showApp('/r/no%20room!');
    expect(screen.getByTestId('room-error').textContent).toContain('no meeting');
  });
});

describe('before a call', () => {
  test('the name is asked for, and remembered', async () => {
    const { server } = await showApp('/r/calm-otter');
    fireEvent.click(screen.getByTestId('join-button'));
    expect(screen.getByText(/Type a name first/)).toBeTruthy();
    expect(server.sockets).toHaveLength(0);
    await joinCall();
    expect(localStorage.getItem('videocall.preferences')).toContain('"displayName":"Maya"');
  });

  test.each([
    ['NotAllowedError', 'denied', /allow microphone and camera/],
    ['NotFoundError', 'missing', /Plug one in/],
    ['NotReadableError', 'in-use', /Close the other call/],
  ])('%s gets its own advice', async (error, problem, advice) => {
    await showApp('/r/calm-otter', ({ devices }) => {
      devices.audioError = devices.videoError = error;
    });
    const help = screen.getByTestId('permission-help');
    expect(help.querySelector(`[data-problem="${problem}"]`)).not.toBeNull();
    expect(help.textContent).toMatch(advice);
  });

  test('two problems are two pieces of advice; trying again may solve them', async () => {
    const { devices } = await showApp('/r/calm-otter', ({ devices }) => {
      devices.audioError = 'NotReadableError';
      devices.videoError = 'NotFoundError';
    });
    expect(screen.getByTestId('permission-help').querySelectorAll('section')).toHaveLength(2);
    devices.audioError = devices.videoError = null;
    fireEvent.click(screen.getByTestId('retry-devices'));
    await act(settled);
    expect(screen.queryByTestId('permission-help')).toBeNull();
    expect(screen.getByTestId('preview-video')).toBeTruthy();
  });

  test('a failed join is explained beside the button', async () => {
    const { server } = await showApp('/r/calm-otter');
    server.isReachable = false;
    fireEvent.change(screen.getByTestId('name-input'), { target: { value: 'Maya' } });
    fireEvent.click(screen.getByTestId('join-button'));
    await act(settled);
    expect(screen.getByTestId('join-error').textContent).toContain('out of reach');
  });
});

describe('in a call', () => {
  test('everybody has a tile that says what is to be known', async () => {
    const { server } = await showApp('/r/calm-otter', ({ server }) => {
      server.addParticipant('ana', 'Ana Ruiz');
    });
    await joinCall();
    expect(screen.getByTestId('participant-count').textContent).toBe('2');
    const tile = screen.getByTestId('tile-ana');
    expect(tile.getAttribute('aria-label')).toBe('Ana Ruiz, muted, camera off');
    expect(tile.textContent).toContain('AR');
    act(() => server.addProducer('mic', 'ana', 'microphone'));
    await act(settled);
    expect(screen.getByTestId('audio-ana')).toBeTruthy();
    act(() => server.addProducer('cam', 'ana', 'camera'));
    await act(settled);
    expect(tile.getAttribute('aria-label')).toBe('Ana Ruiz');
    const camera = tile.querySelector('video')?.srcObject;
    act(() => server.addProducer('scr', 'ana', 'screen'));
    await act(settled);
    expect(tile.getAttribute('aria-label')).toContain('sharing the screen');
    expect(tile.querySelectorAll('video')).toHaveLength(1);
    expect(tile.querySelector('video')?.srcObject).not.toBe(camera);
  });

  test('m and v switch, but not while typing or with a modifier', async () => {
    const { store } = await showApp('/r/calm-otter');
    const name = screen.getByTestId('name-input');
    fireEvent.keyDown(name, { key: 'm' });
    expect(store.getState().isMicrophoneOn).toBe(true);
    await joinCall();
    fireEvent.keyDown(window, { key: 'm', ctrlKey: true });
    expect(store.getState().isMicrophoneOn).toBe(true);
    fireEvent.keyDown(window, { key: 'm' });
    fireEvent.keyDown(window, { key: 'V' });
    await act(settled);
    expect(store.getState()).toMatchObject({ isMicrophoneOn: false, isCameraOn: false });
    expect(screen.getByTestId('mute-button').getAttribute('aria-label')).toBe('Unmute');
    expect(screen.getByTestId('camera-button').dataset.tone).toBe('off');
  });

  test('a broken connection is announced and mended', { timeout: 20_000 }, async () => {
    const { server } = await showApp('/r/calm-otter');
    await joinCall();
    server.isReachable = false;
    act(() => server.socket.breakDown());
    expect(screen.getByTestId('connection-banner').getAttribute('role')).toBe('alert');
    expect(document.title).toContain('Reconnecting');
    server.isReachable = true;
    await waitFor(() => expect(screen.queryByTestId('connection-banner')).toBeNull(), {
      timeout: 10_000,
    });
    expect(document.title).toBe('(1) calm-otter · videocall');
  });

  test('leaving shows the way back', async () => {
    await showApp('/r/calm-otter');
    await joinCall();
    fireEvent.click(screen.getByTestId('leave-button'));
    await act(settled);
    expect(screen.getByTestId('ended-view').dataset.reason).toBe('left');
    fireEvent.click(screen.getByTestId('rejoin-button'));
    await act(settled);
    expect(screen.getByTestId<HTMLInputElement>('name-input').value).toBe('Maya');
  });

  test('the browser’s back button leaves too', async () => {
    const { server } = await showApp('/r/calm-otter');
    await joinCall();
    window.history.replaceState(null, '', '/');
    act(() => {
      window.dispatchEvent(new PopStateEvent('popstate'));
    });
    await act(settled);
    expect(screen.getByTestId('landing-view')).toBeTruthy();
    expect(server.socket.closedWith).toBeDefined();
  });
});

test('closing the tab leaves the meeting; a page kept for "back" stays in it', async () => {
  const { server } = await showApp('/r/calm-otter');
  await joinCall();
  const hide = (persisted: boolean): void => {
    window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }));
  };
  hide(true);
  expect(server.requests('leaveRoom')).toHaveLength(0);
  act(() => hide(false));
  expect(server.requests('leaveRoom')).toHaveLength(1);
});
