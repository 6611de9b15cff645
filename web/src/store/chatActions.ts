import { gotNoAnswer } from '../protocol/errors';
import { refusalOf } from '../protocol/sentences';
import { coalesced } from '../services/coalesced';
import type { Actions } from './callState';
import { withMessages } from './chatUpdates';
import { failureOf } from './runtime';
import type { Runtime } from './runtime';

type ChatActions = Pick<
  Actions,
  'sendMessage' | 'dropMessage' | 'flushMessages' | 'loadOlderMessages' | 'openPanel'
>;

/** How many older messages are asked for at once. */
export const MESSAGE_PAGE = 50;

/** Writing to the room, and reading what was written. */
export function createChatActions(runtime: Runtime): ChatActions {
  const { get, set } = runtime;

  /** One after the other, so that they arrive in the order of writing. A lost answer leaves the rest for later. */
  const flush = coalesced(async () => {
    for (;;) {
      const next = get().pendingMessages.find((one) => one.refusal === null);
      if (next === undefined || get().phase !== 'call') return;
      const { clientMessageId, text } = next;
      try {
        const { message } = await runtime.request('sendMessage', { text, clientMessageId });
        set(withMessages(get(), [{ ...message, clientMessageId }]));
      } catch (error) {
        if (gotNoAnswer(error)) return;
        const refusal = refusalOf(failureOf(error));
        set({
          pendingMessages: get().pendingMessages.map((one) =>
            one.clientMessageId === clientMessageId ? { ...one, refusal } : one,
          ),
        });
      }
    }
  });

  return {
    sendMessage: async (text) => {
      const trimmed = text.trim();
      if (trimmed === '') return;
      const message = { clientMessageId: crypto.randomUUID(), text: trimmed, refusal: null };
      set({ pendingMessages: [...get().pendingMessages, message] });
      await flush();
    },

    dropMessage: (clientMessageId) =>
      set({
        pendingMessages: get().pendingMessages.filter(
          (one) => one.clientMessageId !== clientMessageId,
        ),
      }),

    flushMessages: () => flush(),

    loadOlderMessages: async () => {
      const [oldest] = get().messages;
      if (oldest === undefined) return;
      try {
        const { messages } = await runtime.request('getMessages', {
          before: oldest.messageId,
          limit: MESSAGE_PAGE,
        });
        set({
          ...withMessages(get(), messages),
          hasOlderMessages: messages.length === MESSAGE_PAGE,
        });
      } catch (error) {
        runtime.report('Older messages could not be loaded', error);
      }
    },

    openPanel: (panel) => set(panel === 'chat' ? { panel, unread: 0 } : { panel }),
  };
}
