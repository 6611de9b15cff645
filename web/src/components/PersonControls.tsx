import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import type { TileView } from '../hooks/useTiles';
import { isAllowed } from '../protocol/messages';
import type { Permissions } from '../protocol/messages';
import { ConfirmButton } from './ConfirmButton';

export const permissionLabels: Record<keyof Permissions, string> = {
  audio: 'Speak',
  video: 'Show the camera',
  screen: 'Share the screen',
  chat: 'Write in the chat',
};

/** What a host can do about one person; of oneself only the role. */
export function PersonControls(props: { person: TileView }): ReactNode {
  const { participantId, displayName, role, isSelf, isMuted, hasCamera } = props.person;
  const setRole = useCall((state) => state.setRole);
  const muteParticipant = useCall((state) => state.muteParticipant);
  const removeParticipant = useCall((state) => state.removeParticipant);
  const action = (testId: string, text: string, act: () => Promise<unknown>): ReactNode => (
    <button
      type="button"
      className="button button--small"
      data-testid={`${testId}-${participantId}`}
      onClick={() => void act()}
    >
      {text}
    </button>
  );
  if (isSelf) {
    return (
      <div className="person__controls" role="group" aria-label="Your role">
        {action('step-down', 'Step down as host', () => setRole(participantId, 'participant'))}
      </div>
    );
  }
  return (
    <div className="person__controls" role="group" aria-label={`Manage ${displayName}`}>
      {!isMuted && action('mute', 'Mute', () => muteParticipant(participantId))}
      {hasCamera &&
        action('stop-camera', 'Turn camera off', () => muteParticipant(participantId, ['camera']))}
      {role !== 'host' && action('make-host', 'Make host', () => setRole(participantId, 'host'))}
      {role !== 'participant' &&
        action('make-participant', role === 'host' ? 'Take host role' : 'Let take part', () =>
          setRole(participantId, 'participant'),
        )}
      {role === 'participant' &&
        action('make-viewer', 'Make viewer', () => setRole(participantId, 'viewer'))}
      <ConfirmButton
        testId={`remove-${participantId}`}
        text="Remove"
        question={`Remove ${displayName}?`}
        onConfirm={() => void removeParticipant(participantId)}
      />
      {role !== 'host' && <Rights participantId={participantId} isViewer={role === 'viewer'} />}
    </div>
  );
}

function Rights(props: { participantId: string; isViewer: boolean }): ReactNode {
  const { participantId } = props;
  const permissions = useCall((state) => state.participants.get(participantId)?.permissions);
  const setPermissions = useCall((state) => state.setPermissions);
  const kinds = props.isViewer
    ? (['chat'] as const)
    : (['audio', 'video', 'screen', 'chat'] as const);
  return (
    <fieldset className="rights">
      <legend>May</legend>
      {kinds.map((kind) => (
        <label key={kind} className="check">
          <input
            type="checkbox"
            data-testid={`may-${kind}-${participantId}`}
            checked={isAllowed(permissions, kind)}
            onChange={(event) =>
              void setPermissions(participantId, { [kind]: event.target.checked })
            }
          />
          {permissionLabels[kind]}
        </label>
      ))}
    </fieldset>
  );
}
