import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { isAllowed } from '../protocol/messages';
import type { Permissions } from '../protocol/messages';
import { ConfirmButton } from './ConfirmButton';
import { Dialog } from './Dialog';
import { permissionLabels } from './PersonControls';

/** How the room is set, for hosts: each switch works at once, and shows what the server made of it. */
export function RoomDialog(props: { onClose: () => void }): ReactNode {
  const room = useCall((state) => state.room);
  const updateRoom = useCall((state) => state.updateRoom);
  const endRoom = useCall((state) => state.endRoom);
  if (room === null) return null;
  return (
    <Dialog title="Meeting" name="room" onClose={props.onClose}>
      <div className="room-settings">
        <Switch
          testId="lock-switch"
          label="Locked"
          note="Nobody else can come in."
          isOn={room.locked}
          onChange={(locked) => void updateRoom({ locked })}
        />
        <Switch
          testId="lobby-switch"
          label="Lobby"
          note="Whoever comes waits until a host lets them in."
          isOn={room.lobby}
          onChange={(lobby) => void updateRoom({ lobby })}
        />
        <PasswordForm hasPassword={room.hasPassword} />
        <fieldset className="rights">
          <legend>Everybody may</legend>
          {(Object.keys(permissionLabels) as (keyof Permissions)[]).map((kind) => (
            <label key={kind} className="check">
              <input
                type="checkbox"
                data-testid={`room-may-${kind}`}
                checked={isAllowed(room.permissions, kind)}
                onChange={(event) =>
                  void updateRoom({ permissions: { [kind]: event.target.checked } })
                }
              />
              {permissionLabels[kind]}
            </label>
          ))}
        </fieldset>
        <ConfirmButton
          testId="end-room-button"
          text="End for everybody"
          question="End the meeting for everybody?"
          onConfirm={() => void endRoom()}
        />
      </div>
    </Dialog>
  );
}

function Switch(props: {
  testId: string;
  label: string;
  note: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="check check--switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        data-testid={props.testId}
        aria-describedby={`${id}-note`}
        checked={props.isOn}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <label htmlFor={id}>{props.label}</label>
      <span id={`${id}-note`} className="check__note">
        {props.note}
      </span>
    </div>
  );
}

function PasswordForm(props: { hasPassword: boolean }): ReactNode {
  const [password, setPassword] = useState('');
  const updateRoom = useCall((state) => state.updateRoom);
  const save = async (): Promise<void> => {
    if (password !== '' && (await updateRoom({ password }))) setPassword('');
  };
  return (
    <form
      className="room-settings__password"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label className="field-label" htmlFor="room-password">
        {props.hasPassword ? 'Another password' : 'Password'}
      </label>
      <div className="landing__row">
        <input
          id="room-password"
          className="input"
          data-testid="room-password-input"
          value={password}
          maxLength={128}
          autoComplete="off"
          spellCheck={false}
          placeholder={props.hasPassword ? 'There is one already' : 'None'}
          onChange={(event) => setPassword(event.target.value)}
        />
        <button
          type="submit"
          className="button"
          data-testid="room-password-save"
          disabled={password === ''}
        >
          Set
        </button>
        {props.hasPassword && (
          <button
            type="button"
            className="button"
            data-testid="room-password-clear"
            onClick={() => void updateRoom({ password: null })}
          >
            Remove
          </button>
        )}
      </div>
    </form>
  );
}
