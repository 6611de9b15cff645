import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';

const CHOICES: readonly (readonly [emoji: string, name: string])[] = [
  ['👍', 'Thumbs up'],
  ['❤️', 'Heart'],
  ['😂', 'Laughing'],
  ['🎉', 'Celebration'],
  ['👏', 'Applause'],
  ['😮', 'Surprised'],
];

/** One tap shows the emoji on one's own tile, on everybody's page. */
export function ReactionButtons(props: { onChosen: () => void }): ReactNode {
  const react = useCall((state) => state.react);
  return (
    <div className="reactions">
      {CHOICES.map(([emoji, name]) => (
        <button
          key={emoji}
          type="button"
          className="reaction-button"
          aria-label={name}
          data-testid={`react-${name.toLowerCase().replace(' ', '-')}`}
          onClick={() => {
            void react(emoji);
            props.onChosen();
          }}
        >
          {emoji}
        </button>
      ))}
    </div>
  );
}

/** What is shown on somebody's tile for a moment. */
export function TileReaction(props: { participantId: string }): ReactNode {
  const shown = useCall((state) =>
    state.reactions.findLast((one) => one.participantId === props.participantId),
  );
  if (shown === undefined) return null;
  return (
    <span
      key={shown.id}
      className="tile__reaction"
      data-testid={`reaction-${props.participantId}`}
      aria-hidden="true"
    >
      {shown.emoji}
    </span>
  );
}

/** The newest reaction for those who do not see it. */
export function ReactionVoice(): ReactNode {
  const text = useCall((state) => {
    const last = state.reactions.at(-1);
    if (last === undefined) return '';
    return `${state.participants.get(last.participantId)?.displayName ?? 'Somebody'}: ${last.emoji}`;
  });
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}
