import { useState } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { useTiles } from '../hooks/useTiles';
import type { TileView } from '../hooks/useTiles';
import { selfOf } from '../store/callState';
import { Avatar, hueOf } from './Avatar';
import { Icon } from './Icon';
import { KnockList } from './KnockList';
import { PersonControls } from './PersonControls';
import { SidePanel } from './SidePanel';

/** Everybody, with what they send and may do; for hosts also who waits, and what can be done about each. */
export function PeoplePanel(): ReactNode {
  const people = useTiles();
  const isHost = useCall((state) => selfOf(state)?.role === 'host');
  const hasKnocks = useCall((state) => state.knocks.length > 0);
  /** Raised hands first: somebody waits for their turn. */
  const sorted = [...people].sort((a, b) => Number(b.isHandRaised) - Number(a.isHandRaised));
  return (
    <SidePanel title="People" testId="people-panel">
      <div className="people">
        {isHost && hasKnocks && <KnockList />}
        <ul className="people__list" aria-label="In this meeting">
          {sorted.map((person) => (
            <Person key={person.participantId} person={person} isHost={isHost} />
          ))}
        </ul>
      </div>
    </SidePanel>
  );
}

function Person(props: { person: TileView; isHost: boolean }): ReactNode {
  const { person, isHost } = props;
  const [isOpen, setOpen] = useState(false);
  const { displayName, participantId, role } = person;
  return (
    <li className="person" data-testid={`person-${participantId}`} data-hue={hueOf(displayName)}>
      <div className="person__row">
        <Avatar name={displayName} />
        <span className="person__name">
          {displayName}
          {person.isSelf && <span className="person__note"> (you)</span>}
          {role !== 'participant' && (
            <span className="person__role" data-role={role}>
              {role === 'host' ? 'Host' : 'Viewer'}
            </span>
          )}
        </span>
        <PersonState person={person} />
        {isHost && (
          <button
            type="button"
            className="dialog__close"
            aria-label={`Manage ${displayName}`}
            aria-expanded={isOpen}
            data-testid={`manage-${participantId}`}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="more" size={20} />
          </button>
        )}
      </div>
      {isHost && isOpen && <PersonControls person={person} />}
    </li>
  );
}

function PersonState(props: { person: TileView }): ReactNode {
  const { isHandRaised, isMuted, hasCamera, isPresenting, role } = props.person;
  return (
    <span className="person__state">
      {isHandRaised && <State icon="hand" text="hand raised" tone="hand" />}
      {isPresenting && <State icon="screen" text="sharing the screen" />}
      {role !== 'viewer' && (
        <>
          <State
            icon={isMuted ? 'microphoneOff' : 'microphone'}
            text={isMuted ? 'muted' : 'microphone on'}
            {...(isMuted ? { tone: 'off' } : {})}
          />
          <State
            icon={hasCamera ? 'camera' : 'cameraOff'}
            text={hasCamera ? 'camera on' : 'camera off'}
            {...(hasCamera ? {} : { tone: 'off' })}
          />
        </>
      )}
    </span>
  );
}

function State(props: {
  icon: Parameters<typeof Icon>[0]['name'];
  text: string;
  tone?: string;
}): ReactNode {
  return (
    <span className="person__icon" data-tone={props.tone} title={props.text}>
      <Icon name={props.icon} size={18} />
      <span className="visually-hidden">{props.text}</span>
    </span>
  );
}
