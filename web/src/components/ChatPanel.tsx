import { useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { isAllowed } from '../protocol/messages';
import { piecesOf } from '../services/links';
import { selfOf } from '../store/callState';
import type { PendingMessage } from '../store/callState';
import { Icon } from './Icon';
import { SidePanel } from './SidePanel';

/** How much one message holds; the server refuses more. */
const MESSAGE_LIMIT = 2_000;

export function ChatPanel(): ReactNode {
  return (
    <SidePanel title="Chat" testId="chat-panel" startsTyping>
      <Messages />
      <Composer />
    </SidePanel>
  );
}

function Messages(): ReactNode {
  const messages = useCall((state) => state.messages);
  const pending = useCall((state) => state.pendingMessages);
  const hasOlder = useCall((state) => state.hasOlderMessages);
  const loadOlder = useCall((state) => state.loadOlderMessages);
  const me = useCall((state) => state.participantId);
  const ref = useRef<HTMLDivElement>(null);
  /** Whoever reads further up is left there. */
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const list = ref.current;
    if (list !== null && isAtEnd.current) list.scrollTop = list.scrollHeight;
  }, [messages, pending]);
  return (
    <div
      ref={ref}
      className="chat__list"
      data-testid="chat-messages"
      // It scrolls, so that the keyboard must reach it.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="log"
      aria-label="Messages"
      onScroll={({ currentTarget: list }) => {
        isAtEnd.current = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
      }}
    >
      {hasOlder && (
        <button
          type="button"
          className="button button--small"
          data-testid="older-messages"
          onClick={() => void loadOlder()}
        >
          Earlier messages
        </button>
      )}
      {messages.length + pending.length === 0 && (
        <p className="chat__empty">
          Nobody has written yet. Everybody in the meeting sees the chat.
        </p>
      )}
      {messages.map((message, index) => {
        const before = messages[index - 1];
        const goesOn =
          before?.participantId === message.participantId &&
          message.sentAt - before.sentAt < 120_000;
        return (
          <article
            key={message.messageId}
            className="message"
            data-own={message.participantId === me}
          >
            {!goesOn && (
              <p className="message__head">
                <strong>{message.participantId === me ? 'You' : message.displayName}</strong>{' '}
                <time dateTime={new Date(message.sentAt).toISOString()}>
                  {clockTime(message.sentAt)}
                </time>
              </p>
            )}
            <MessageText text={message.text} />
          </article>
        );
      })}
      {pending.map((message) => (
        <PendingText key={message.clientMessageId} message={message} />
      ))}
    </div>
  );
}

function PendingText(props: { message: PendingMessage }): ReactNode {
  const { clientMessageId, text, refusal } = props.message;
  const dropMessage = useCall((state) => state.dropMessage);
  return (
    <article
      className="message"
      data-own="true"
      data-state={refusal === null ? 'sending' : 'refused'}
    >
      <MessageText text={text} />
      {refusal === null ? (
        <p className="message__state">Sending…</p>
      ) : (
        <p className="message__state" role="alert">
          Not sent: {refusal}
          <button
            type="button"
            className="button button--small"
            onClick={() => dropMessage(clientMessageId)}
          >
            Discard
          </button>
        </p>
      )}
    </article>
  );
}

function MessageText(props: { text: string }): ReactNode {
  return (
    <p className="message__text">
      {piecesOf(props.text).map((piece, index) =>
        'href' in piece ? (
          // Pieces have no identity of their own, and never change.
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </p>
  );
}

function Composer(): ReactNode {
  const [text, setText] = useState('');
  const mayWrite = useCall((state) => isAllowed(selfOf(state)?.permissions, 'chat'));
  const sendMessage = useCall((state) => state.sendMessage);
  const send = (): void => {
    if (text.trim() === '') return;
    void sendMessage(text);
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While an input method composes, Enter chooses a word.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  if (!mayWrite) {
    return (
      <p className="chat__closed" data-testid="chat-closed">
        The host does not let you write here.
      </p>
    );
  }
  return (
    <form
      className="chat__composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label className="visually-hidden" htmlFor="message">
        Message to everybody
      </label>
      <textarea
        id="message"
        className="input chat__input"
        data-testid="chat-input"
        rows={2}
        value={text}
        maxLength={MESSAGE_LIMIT}
        placeholder="Message to everybody"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button
        type="submit"
        className="control"
        data-testid="chat-send"
        aria-label="Send"
        disabled={text.trim() === ''}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}

function clockTime(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
