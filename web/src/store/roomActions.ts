import { refusalOf } from '../protocol/sentences';
import type { Method, Requests } from '../protocol/messages';
import type { Actions } from './callState';
import { selfOf } from './callState';
import { failureOf } from './runtime';
import type { Runtime } from './runtime';

type RoomActions = Pick<
  Actions,
  | 'raiseHand'
  | 'react'
  | 'admit'
  | 'reject'
  | 'muteParticipant'
  | 'removeParticipant'
  | 'setRole'
  | 'setPermissions'
  | 'updateRoom'
  | 'endRoom'
>;

/** What participants tell the room, and what hosts do with it. The room's answer comes as notifications. */
export function createRoomActions(runtime: Runtime): RoomActions {
  const { get, set } = runtime;

  /** False, and a notice, when the server refuses. */
  const command = async <M extends Method>(
    method: M,
    data: Requests[M]['data'],
  ): Promise<boolean> => {
    try {
      await runtime.request(method, data);
      return true;
    } catch (error) {
      runtime.notify('warning', refusalOf(failureOf(error)));
      return false;
    }
  };

  return {
    raiseHand: async (isRaised) => {
      const isDone = await command('raiseHand', { raised: isRaised });
      // Whoever changes something of their own is not told of it.
      const self = selfOf(get());
      if (isDone && self !== undefined) {
        const changed = { ...self, handRaised: isRaised };
        set({ participants: new Map(get().participants).set(self.participantId, changed) });
      }
      return isDone;
    },
    react: (emoji) => command('react', { emoji }),
    admit: (knockId) => command('admit', { knockId }),
    reject: (knockId) => command('reject', { knockId }),
    muteParticipant: (participantId, sources) =>
      command('muteParticipant', {
        participantId,
        ...(sources === undefined ? {} : { sources }),
      }),
    removeParticipant: (participantId) => command('removeParticipant', { participantId }),
    setRole: (participantId, role) => command('setRole', { participantId, role }),
    setPermissions: (participantId, permissions) =>
      command('setPermissions', { participantId, permissions }),
    updateRoom: (change) => command('updateRoom', change),
    endRoom: () => command('endRoom', {}),
  };
}
