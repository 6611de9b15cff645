import { isWorthRetrying, RequestError } from '../protocol/errors';
import { CLOSE_FOR_GOOD } from '../protocol/frames';
import { PROTOCOL_VERSION } from '../protocol/generated';
import type { Notification } from '../protocol/messages';
import { tidyDisplayName, tokenOf } from '../protocol/names';
import { backoffDelay } from '../services/backoff';
import { savePreferences } from '../services/preferences';
import { ProtooConnection, signalingUrl } from '../services/protooConnection';
import type { Actions, Failure } from './callState';
import { noSession } from './callState';
import type { LocalDevices } from './deviceActions';
import { applyNotification, roomOf } from './roomUpdates';
import type { Runtime } from './runtime';

type SessionActions = Pick<
  Actions,
  'enterRoom' | 'join' | 'leave' | 'retryNow' | 'networkChanged' | 'dismissNotice'
>;

/** Joining, leaving, what the room tells, and coming back when the connection breaks. */
export function createSessionActions(runtime: Runtime, local: LocalDevices): SessionActions {
  const { get, set } = runtime;
  let retryTimer: ReturnType<typeof setTimeout> | null = null;
  /** Names the session that this page wants; whatever belongs to an older one is dropped. */
  let wanted = Symbol('no session');

  /** Of the session that was joined last: coming back with it leaves no ghost behind. */
  let resumeToken: string | null = null;

  const stopRetrying = (): void => {
    if (retryTimer !== null) clearTimeout(retryTimer);
    retryTimer = null;
  };

  const hangUp = (): void => {
    wanted = Symbol('no session');
    resumeToken = null;
    stopRetrying();
    get().cleanupMediaSoup();
    runtime.connection?.close();
    runtime.connection = null;
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

  const onNotification = (notification: Notification): void => {
    const before = get();
    set(applyNotification(before, notification));
    switch (notification.method) {
      case 'participantJoined':
        runtime.notify('info', `${notification.data.displayName} joined`);
        return;
      case 'participantLeft': {
        const who = before.participants.get(notification.data.participantId);
        for (const producer of before.producers.values()) {
          if (producer.participantId === notification.data.participantId) {
            drop(producer.producerId);
          }
        }
        if (who !== undefined) runtime.notify('info', `${who.displayName} left`);
        return;
      }
      case 'newProducer':
        void get().consumeMedia();
        return;
      case 'producerClosed':
      case 'consumerClosed':
        drop(notification.data.producerId);
        return;
      case 'serverDraining':
        runtime.notify('warning', 'The server restarts. You will be back in a moment.');
        return;
      // A paused consumer needs nothing here: no packets come, and the tile shows no video meanwhile.
      default:
        return;
    }
  };

  const drop = (producerId: string): void => {
    runtime.consumers.get(producerId)?.close();
    runtime.consumers.delete(producerId);
  };

  /**
   * One attempt: socket, joinRoom, media. The old session's media is cleaned up only when the new one
   * is there, so that a short break is hardly seen. Rejects with RequestError.
   */
  const connect = async (): Promise<void> => {
    const session = Symbol('session');
    wanted = session;
    const { roomId, displayName } = get();
    const url = signalingUrl(window.location, roomId, displayName);
    const connection = await ProtooConnection.open(url, {
      onNotification: (notification) => {
        if (wanted === session) onNotification(notification);
      },
      onClose: (code, reason) => {
        if (wanted !== session) return;
        if (code === CLOSE_FOR_GOOD) end({ code: reason || 'closed', message: reason });
        else if (get().phase === 'call') scheduleRetry(0);
      },
    });
    const assertWanted = (): void => {
      if (wanted === session && !connection.closed) return;
      connection.close();
      throw new RequestError('DISCONNECTED', 'the connection broke', 'joinRoom');
    };
    assertWanted();
    runtime.connection?.close();
    runtime.connection = connection;
    try {
      const result = await connection.request('joinRoom', {
        roomId,
        displayName,
        ...tokenOf(window.location.hash),
        ...(resumeToken === null ? {} : { resumeToken }),
        protocolVersion: PROTOCOL_VERSION,
      });
      if (wanted === session) resumeToken = result.resumeToken;
      assertWanted();
      get().cleanupMediaSoup();
      set(roomOf(result, displayName));
      await get().initializeMediaSoup(result.rtpCapabilities);
      assertWanted();
      set({ phase: 'call', joinError: null });
      await get().createTransports();
      assertWanted();
      set({ reconnect: null });
    } catch (error) {
      connection.close();
      throw error;
    }
    startMedia();
  };

  const startMedia = (): void => {
    const { isMicrophoneOn, isCameraOn, isScreenOn } = get();
    void get().consumeMedia();
    if (isMicrophoneOn) void get().startProducing('microphone');
    if (isScreenOn) void get().startProducing('screen');
    else if (isCameraOn) void get().startProducing('camera');
  };

  const scheduleRetry = (attempt: number): void => {
    stopRetrying();
    const delay = backoffDelay(attempt, (runtime.options.random ?? Math.random)());
    set({ reconnect: { attempt, retryAt: Date.now() + delay } });
    retryTimer = setTimeout(() => void retry(), delay);
  };

  const retry = async (): Promise<void> => {
    const attempt = get().reconnect?.attempt ?? 0;
    retryTimer = null;
    set({ reconnect: { attempt: attempt + 1, retryAt: null } });
    const done = connect();
    const session = wanted;
    try {
      await done;
    } catch (error) {
      // Left meanwhile.
      if (get().phase !== 'call' || wanted !== session) return;
      if (isWorthRetrying(error)) scheduleRetry(attempt + 1);
      else end(failureOf(error));
    }
  };

  return {
    enterRoom: (roomId) => {
      hangUp();
      set({ ...noSession, roomId, displayName: get().displayName });
      if (roomId === '') closeDevices();
    },

    join: async (displayName) => {
      const name = tidyDisplayName(displayName);
      if (name === '' || get().phase !== 'prejoin') return;
      savePreferences({ displayName: name });
      set({ phase: 'joining', displayName: name, joinError: null });
      try {
        await connect();
      } catch (error) {
        // The socket may have broken after the room was joined: then the page comes back by itself.
        if (get().phase === 'call') {
          if (get().reconnect === null) scheduleRetry(0);
        } else if (get().phase === 'joining') {
          hangUp();
          set({
            ...noSession,
            roomId: get().roomId,
            displayName: name,
            joinError: failureOf(error),
          });
        }
      }
    },

    leave: () => {
      const { connection } = runtime;
      // The answer is not waited for: closing the socket says the same.
      connection?.request('leaveRoom', {}).catch(() => undefined);
      end({ code: 'left', message: '' });
    },

    retryNow: () => {
      if (retryTimer === null) return;
      stopRetrying();
      void retry();
    },

    networkChanged: () => {
      for (const keeper of runtime.keepers) keeper.hurry();
      get().retryNow();
    },

    dismissNotice: (id) => {
      const { notices } = get();
      if (notices.some((one) => one.id === id)) {
        set({ notices: notices.filter((one) => one.id !== id) });
      }
    },
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof RequestError) return { code: error.code, message: error.message };
  return { code: 'UNSUPPORTED_BROWSER', message: error instanceof Error ? error.message : '' };
}
