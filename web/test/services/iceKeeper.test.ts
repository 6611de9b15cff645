import type { ConnectionState, Transport } from 'mediasoup-client/types';
import { beforeEach, expect, test, vi } from 'vitest';
import { RequestError } from '../../src/protocol/errors';
import { IceKeeper } from '../../src/services/iceKeeper';

class FakeTransport {
  connectionState: ConnectionState = 'new';
  #listeners: ((state: ConnectionState) => void)[] = [];

  on(_event: string, listener: (state: ConnectionState) => void): void {
    this.#listeners.push(listener);
  }

  off(_event: string, listener: (state: ConnectionState) => void): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener);
  }

  become(state: ConnectionState): void {
    this.connectionState = state;
    for (const listener of this.#listeners) listener(state);
  }
}

let transport: FakeTransport;
let keeper: IceKeeper;
const restart = vi.fn(() => Promise.resolve());
const onInterrupted = vi.fn();
const onHopeless = vi.fn();
const onDoubt = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  restart.mockImplementation(() => Promise.resolve());
  transport = new FakeTransport();
  keeper = new IceKeeper(transport as unknown as Transport, {
    restart,
    onDoubt,
    onInterrupted,
    onHopeless,
  });
  transport.become('connecting');
  transport.become('connected');
});

test('a short gap is left to mend itself', () => {
  transport.become('disconnected');
  expect(onDoubt).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(900);
  transport.become('connected');
  vi.advanceTimersByTime(60_000);
  expect(restart).not.toHaveBeenCalled();
  expect(onInterrupted).not.toHaveBeenCalledWith(true);
});

test('a longer gap leads to one restart, and to quiet once it helped', () => {
  transport.become('disconnected');
  vi.advanceTimersByTime(1_000);
  expect(restart).toHaveBeenCalledTimes(1);
  expect(onInterrupted).toHaveBeenLastCalledWith(true);
  transport.become('connected');
  expect(onInterrupted).toHaveBeenLastCalledWith(false);
  vi.advanceTimersByTime(60_000);
  expect(restart).toHaveBeenCalledTimes(1);
});

test('a failure restarts at once, three times, and then gives up', () => {
  restart.mockImplementation(() => Promise.reject(new Error('no answer')));
  transport.become('failed');
  expect(restart).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(5_000);
  vi.advanceTimersByTime(5_000);
  expect(restart).toHaveBeenCalledTimes(3);
  expect(onHopeless).not.toHaveBeenCalled();
  vi.advanceTimersByTime(5_000);
  expect(onHopeless).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(restart).toHaveBeenCalledTimes(3);
});

test('a network that is back hurries, unless media flows', () => {
  keeper.hurry();
  expect(restart).not.toHaveBeenCalled();
  transport.become('disconnected');
  keeper.hurry();
  expect(restart).toHaveBeenCalledTimes(1);
});

test('a stopped keeper does nothing any more', () => {
  transport.become('disconnected');
  keeper.stop();
  vi.advanceTimersByTime(60_000);
  transport.become('failed');
  keeper.hurry();
  expect(restart).not.toHaveBeenCalled();
});

test('while the server is out of reach it goes on trying', async () => {
  restart.mockImplementation(() =>
    Promise.reject(new RequestError('DISCONNECTED', 'no connection', 'restartIce')),
  );
  transport.become('failed');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restart.mock.calls.length).toBeGreaterThan(10);
  expect(onHopeless).not.toHaveBeenCalled();
});
