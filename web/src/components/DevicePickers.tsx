import { useEffect, useId } from 'react';
import type { ReactNode } from 'react';
import { useLevelMeter } from '../hooks/useSound';
import { useCall } from '../hooks/useCall';
import type { DeviceChoice, DeviceProblem } from '../services/deviceService';
import { streamOf } from '../services/streams';
import { Icon } from './Icon';
import type { IconName } from './Icon';

/** Microphone with its level, camera, and speaker where the browser can choose one. */
export function DevicePickers(): ReactNode {
  const devices = useCall((state) => state.devices);
  const microphoneId = useCall((state) => state.microphoneId);
  const cameraId = useCall((state) => state.cameraId);
  const speakerId = useCall((state) => state.speakerId);
  const problems = useCall((state) => state.problems);
  const microphone = useCall((state) => state.microphoneTrack);
  const camera = useCall((state) => state.cameraTrack);
  const chooseDevice = useCall((state) => state.chooseDevice);
  const refreshDevices = useCall((state) => state.refreshDevices);
  useEffect(() => void refreshDevices(), [refreshDevices]);
  return (
    <div className="pickers">
      <Picker
        label="Microphone"
        icon="microphone"
        testId="microphone-select"
        choices={devices.microphones}
        value={inUse(microphone, microphoneId)}
        problem={problems.microphone}
        onChoose={(id) => void chooseDevice('microphone', id)}
      />
      <MicrophoneMeter />
      <Picker
        label="Camera"
        icon="camera"
        testId="camera-select"
        choices={devices.cameras}
        value={inUse(camera, cameraId)}
        problem={problems.camera}
        onChoose={(id) => void chooseDevice('camera', id)}
      />
      {devices.speakers.length > 0 && (
        <Picker
          label="Speaker"
          icon="speaker"
          testId="speaker-select"
          choices={devices.speakers}
          value={speakerId}
          onChoose={(id) => void chooseDevice('speaker', id)}
        />
      )}
    </div>
  );
}

/** How loud the microphone is: the quickest answer to "do they hear me?". */
export function MicrophoneMeter(): ReactNode {
  const microphone = useCall((state) => (state.isMicrophoneOn ? state.microphoneTrack : null));
  const ref = useLevelMeter<HTMLDivElement>(microphone === null ? null : streamOf(microphone));
  return (
    <div
      ref={ref}
      className="meter"
      data-testid="mic-level"
      data-active={microphone !== null}
      aria-hidden="true"
    >
      <span className="meter__fill" />
    </div>
  );
}

interface PickerProps {
  label: string;
  icon: IconName;
  testId: string;
  choices: DeviceChoice[];
  value: string;
  problem?: DeviceProblem | null;
  onChoose: (deviceId: string) => void;
}

function Picker(props: PickerProps): ReactNode {
  const id = useId();
  const isKnown = props.choices.some((choice) => choice.deviceId === props.value);
  return (
    <div className="picker">
      <label className="visually-hidden" htmlFor={id}>
        {props.label}
      </label>
      <Icon name={props.icon} size={18} />
      <select
        id={id}
        data-testid={props.testId}
        value={isKnown ? props.value : ''}
        disabled={props.choices.length === 0}
        onChange={(event) => props.onChoose(event.target.value)}
      >
        {!isKnown && (
          <option value="">
            {emptyChoice(props.label, props.choices.length > 0, props.problem ?? null)}
          </option>
        )}
        {props.choices.map((choice) => (
          <option key={choice.deviceId} value={choice.deviceId}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What stands in the list when nothing of it is chosen. */
function emptyChoice(label: string, hasChoices: boolean, problem: DeviceProblem | null): string {
  if (hasChoices) return `Default ${label.toLowerCase()}`;
  if (problem === null || problem === 'missing') return `No ${label.toLowerCase()}`;
  return `${label} not available`;
}

/** What is open says more than what was once chosen: the browser may have taken another. */
function inUse(track: MediaStreamTrack | null, chosen: string): string {
  return track?.getSettings().deviceId ?? chosen;
}
