import { gotNoAnswer, RequestError } from '../protocol/errors';
import { CLOSE_FOR_GOOD } from '../protocol/frames';
import { PROTOCOL_VERSION } from '../protocol/generated';
import type { JoinResult, Notification, Snapshot } from '../protocol/messages';
import { tokenOf } from '../protocol/names';
import { ProtooConnection, signalingUrl } from '../services/protooConnection';
import type { Failure } from '../protocol/sentences';
import { noSession } from './callState';
import type { SessionState } from './callState';
import { MESSAGE_PAGE } from './chatActions';
import { withMessages } from './chatUpdates';
import { applySnapshot } from './resuming';
import { turnOff } from './rights';
import { roomOf } from './roomUpdates';
import { failureOf } from './runtime';
import type { Runtime } from './runtime';

export interface ConnectorEvents {
  onNotification: (notification: Notification) => void;
  /** The socket broke: `connect` may bring the call back. */
  onBroken: () => void;
  /** The server ended the session, and wants nobody back. */
  onEnded: (ended: Failure) => void;
}

/** Brings the page into its room, by a new session or by the one that a broken socket left behind. */
export class Connector {
  readonly #runtime: Runtime;
  readonly #events: ConnectorEvents;
  /** Names the session that this page wants; whatever belongs to an older one is dropped. */
  #wanted = Symbol('no session');
  /** Of the room; kept to come back. */
  password = '';
  /** Of the session that was joined last: coming back with it leaves no ghost behind. */
  #resumeToken: string | null = null;

  constructor(runtime: Runtime, events: ConnectorEvents) {
    this.#runtime = runtime;
    this.#events = events;
  }

  /** One attempt. Rejects with RequestError, unless another attempt or `close` came in between. */
  async connect(): Promise<void> {
    const session = Symbol('session');
    this.#wanted = session;
    try {
      await this.#attempt(session);
    } catch (error) {
      if (this.#wanted === session) throw error;
    }
  }

  close(): void {
    this.#wanted = Symbol('no session');
    this.#resumeToken = null;
    this.password = '';
    this.#runtime.connection?.close();
    this.#runtime.connection = null;
  }

  async #attempt(session: symbol): Promise<void> {
    const { roomId, displayName } = this.#runtime.get();
    const url = signalingUrl(window.location, roomId, displayName);
    const connection = await ProtooConnection.open(url, {
      onNotification: (notification) => {
        if (this.#wanted !== session) return;
        if (notification.method === 'roomJoined') {
          void this.#admitted(session, connection, notification.data);
        } else this.#events.onNotification(notification);
      },
      onClose: (code, reason) => {
        if (this.#wanted !== session) return;
        if (code === CLOSE_FOR_GOOD) {
          this.#events.onEnded({ code: reason || 'closed', message: reason });
        } else this.#events.onBroken();
      },
    });
    const assertWanted = (): void => {
      if (this.#wanted === session && !connection.closed) return;
      throw connectionBroke();
    };
    try {
      assertWanted();
      this.#runtime.connection?.close();
      this.#runtime.connection = connection;
      if (!(await this.#resume(connection))) await this.#join(connection, assertWanted);
      assertWanted();
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#runtime.set({ reconnect: null });
    this.#begin();
  }

  /** What flows and what is written goes on, or begins. */
  #begin(): void {
    const { get } = this.#runtime;
    if (get().phase !== 'call') return;
    turnOff(this.#runtime, 'forbidden');
    void get().consumeMedia();
    void get().flushMessages();
  }

  /** A host opened the lobby's door. */
  async #admitted(
    session: symbol,
    connection: ProtooConnection,
    result: JoinResult,
  ): Promise<void> {
    try {
      await this.#enter(result, () => {
        if (this.#wanted !== session || connection.closed) throw connectionBroke();
      });
      this.#begin();
    } catch (error) {
      // A socket that breaks is heard of by itself.
      if (this.#wanted === session && !gotNoAnswer(error)) this.#events.onEnded(failureOf(error));
    }
  }

  /** Takes up the session whose socket broke; its media went on all the time. False when it is over. */
  async #resume(connection: ProtooConnection): Promise<boolean> {
    const { media, isMediaHopeless, get, keepers } = this.#runtime;
    const { sendTransport, recvTransport } = get();
    if (this.#resumeToken === null || media === null || isMediaHopeless) return false;
    if (sendTransport === null || recvTransport === null) return false;
    try {
      const snapshot = await connection.request('resumeSession', {
        resumeToken: this.#resumeToken,
        protocolVersion: PROTOCOL_VERSION,
      });
      if (this.#runtime.connection !== connection) return true;
      if ([sendTransport, recvTransport].some((one) => !snapshot.transports.includes(one.id))) {
        await connection.request('leaveRoom', {});
        return false;
      }
      applySnapshot(this.#runtime, snapshot);
      this.#runtime.set(surroundingsOf(snapshot, get()));
      for (const keeper of keepers) keeper.hurry();
      return true;
    } catch (error) {
      if (gotNoAnswer(error)) throw error;
      // Over, or the server was restarted: whatever else it has against this client, joining tells.
      return false;
    }
  }

  async #join(connection: ProtooConnection, assertWanted: () => void): Promise<void> {
    const { roomId, displayName } = this.#runtime.get();
    const result = await connection.request('joinRoom', {
      roomId,
      displayName,
      ...(this.password === '' ? {} : { password: this.password }),
      ...tokenOf(window.location.hash),
      ...(this.#resumeToken === null ? {} : { resumeToken: this.#resumeToken }),
      protocolVersion: PROTOCOL_VERSION,
    });
    assertWanted();
    if ('knockId' in result) {
      this.#runtime.get().cleanupMediaSoup();
      this.#runtime.set({ ...noSession, phase: 'lobby', roomId, displayName });
    } else await this.#enter(result, assertWanted);
  }

  /** The old session's media is cleaned up only now that a new one is there, so that a short break is hardly seen. */
  async #enter(result: JoinResult, assertWanted: () => void): Promise<void> {
    const { get, set } = this.#runtime;
    this.#resumeToken = result.resumeToken;
    get().cleanupMediaSoup();
    const { participantId, role, permissions } = result;
    const { displayName } = get();
    const self = { participantId, role, permissions, displayName, joinedAt: Infinity };
    set(roomOf(result, { ...self, handRaised: false }));
    set(surroundingsOf(result, get()));
    await get().initializeMediaSoup(result.rtpCapabilities);
    assertWanted();
    set({ phase: 'call', joinError: null });
    await get().createTransports();
  }
}

/** What is around the people: the room's settings, who knocks, what was written. */
function surroundingsOf(
  answer: JoinResult | Snapshot,
  before: SessionState,
): Pick<SessionState, 'room' | 'knocks' | 'messages' | 'pendingMessages' | 'hasOlderMessages'> {
  const { room, knocks, messages } = answer;
  return {
    room,
    knocks,
    ...withMessages(before, messages),
    hasOlderMessages: before.hasOlderMessages || messages.length >= MESSAGE_PAGE,
  };
}

function connectionBroke(): RequestError {
  return new RequestError('DISCONNECTED', 'the connection broke', 'joinRoom');
}
