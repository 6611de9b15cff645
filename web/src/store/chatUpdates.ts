import type { ChatMessage } from '../protocol/messages';
import type { SessionState } from './callState';

type ChatState = Pick<SessionState, 'messages' | 'pendingMessages'>;

/** The chat with more messages, of any age: each once, in the server's order. Pending ones among them are pending no more. */
export function withMessages(
  state: ChatState,
  more: readonly ChatMessage[],
): Pick<SessionState, 'messages' | 'pendingMessages'> {
  const all = new Map([...state.messages, ...more].map((one) => [one.messageId, one]));
  const confirmed = new Set(more.map((one) => one.clientMessageId));
  return {
    messages: [...all.values()].sort((a, b) => (a.messageId < b.messageId ? -1 : 1)),
    pendingMessages: state.pendingMessages.filter((one) => !confirmed.has(one.clientMessageId)),
  };
}
