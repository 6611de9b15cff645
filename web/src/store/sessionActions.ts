import { isWorthRetrying } from '../protocol/errors';
import { tidyDisplayName } from '../protocol/names';
import { backoffDelay } from '../services/backoff';
import { savePreferences } from '../services/preferences';
import type { Failure } from '../protocol/sentences';
import type { Actions } from './callState';
import { noSession } from './callState';
import { Connector } from './connector';
import type { LocalDevices } from './deviceActions';
import { takeNotification } from './noticing';
import { failureOf } from './runtime';
import type { Runtime } from './runtime';

type SessionActions = Pick<
  Actions,
  'enterRoom' | 'join' | 'leave' | 'retryNow' | 'networkChanged' | 'dismissNotice'
>;

/** Joining, leaving, and coming back when the connection breaks. */
export function createSessionActions(runtime: Runtime, local: LocalDevices): SessionActions {
  const { get, set } = runtime;
  let retryTimer: ReturnType<typeof setTimeout> | null = null;

  const stopRetrying = (): void => {
    if (retryTimer !== null) clearTimeout(retryTimer);
    retryTimer = null;
  };

  const hangUp = (): void => {
    stopRetrying();
    get().cleanupMediaSoup();
    connector.close();
  };

  const closeDevices = (): void => {
    void get().stopProducing('screen');
    local.release('microphone');
    local.release('camera');
  };

  const end = (ended: Failure): void => {
    hangUp();
    const { roomId, displayName } = get();
    set({ ...noSession, phase: 'ended', roomId, displayName, ended });
    closeDevices();
  };

  /** Back to the door, with the reason. */
  const turnedAway = (joinError: Failure): void => {
    const { roomId, displayName, isPasswordWanted } = get();
    const asksForPassword = joinError.code.startsWith('PASSWORD_');
    hangUp();
    set({
      ...noSession,
      roomId,
      displayName,
      joinError,
      isPasswordWanted: isPasswordWanted || asksForPassword,
    });
  };

  const connector = new Connector(runtime, {
    onNotification: (notification) => {
      switch (notification.method) {
        case 'removed':
        case 'roomEnded':
          end({ code: notification.data.reason, message: '' });
          return;
        case 'lobbyRejected':
          turnedAway({
            code: notification.data.reason === 'removed' ? 'LOBBY_REJECTED' : 'LOBBY_CLOSED',
            message: '',
          });
          return;
        default:
          takeNotification(runtime, notification);
      }
    },
    onBroken: () => {
      // Nobody says any more who speaks: the page listens by itself.
      set({ speakers: null });
      if (get().phase === 'call' || get().phase === 'lobby') scheduleRetry(0);
    },
    onEnded: end,
  });

  const scheduleRetry = (attempt: number): void => {
    stopRetrying();
    const delay = backoffDelay(attempt, (runtime.options.random ?? Math.random)());
    set({ reconnect: { attempt, retryAt: Date.now() + delay } });
    retryTimer = setTimeout(() => void retry(), delay);
  };

  const retry = async (): Promise<void> => {
    stopRetrying();
    const attempt = get().reconnect?.attempt ?? 0;
    set({ reconnect: { attempt: attempt + 1, retryAt: null } });
    try {
      await connector.connect();
    } catch (error) {
      if (isWorthRetrying(error)) scheduleRetry(attempt + 1);
      else if (get().phase === 'lobby') turnedAway(failureOf(error));
      else end(failureOf(error));
    }
  };

  return {
    enterRoom: (roomId) => {
      hangUp();
      set({ ...noSession, roomId, displayName: get().displayName });
      if (roomId === '') closeDevices();
    },

    join: async (displayName, password = '') => {
      const name = tidyDisplayName(displayName);
      if (name === '' || get().phase !== 'prejoin') return;
      savePreferences({ displayName: name });
      set({ phase: 'joining', displayName: name, joinError: null });
      connector.password = password;
      try {
        await connector.connect();
      } catch (error) {
        // The socket may have broken after the room was joined: then the page comes back by itself.
        if (get().phase === 'call') {
          if (get().reconnect === null) scheduleRetry(0);
        } else turnedAway(failureOf(error));
      }
    },

    leave: () => {
      const { phase, roomId, enterRoom } = get();
      // The answer is not waited for: closing the socket says the same.
      runtime.connection?.request('leaveRoom', {}).catch(() => undefined);
      if (phase === 'lobby') enterRoom(roomId);
      else end({ code: 'left', message: '' });
    },

    retryNow: () => {
      if (retryTimer !== null) void retry();
      else if (get().reconnect === null) runtime.connection?.verify();
    },

    networkChanged: () => {
      for (const keeper of runtime.keepers) keeper.hurry();
      // An attempt that is under way may wait for an answer from the network before.
      if (get().reconnect !== null) void retry();
      else runtime.connection?.verify();
    },

    dismissNotice: (id) => {
      const { notices } = get();
      if (notices.some((one) => one.id === id)) {
        set({ notices: notices.filter((one) => one.id !== id) });
      }
    },
  };
}
