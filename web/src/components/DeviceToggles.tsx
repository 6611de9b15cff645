import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { maySend } from '../store/rights';
import { ControlButton } from './ControlButton';

/** Microphone and camera, on and off: the same two buttons before a call and in it. */
export function DeviceToggles(): ReactNode {
  const isMicrophoneOn = useCall((state) => state.isMicrophoneOn);
  const isCameraOn = useCall((state) => state.isCameraOn);
  const problems = useCall((state) => state.problems);
  const mayUse = {
    microphone: useCall((state) => maySend(state, 'microphone')),
    camera: useCall((state) => maySend(state, 'camera')),
  };
  const toggleMicrophone = useCall((state) => state.toggleMicrophone);
  const toggleCamera = useCall((state) => state.toggleCamera);
  return (
    <>
      <ControlButton
        testId="mute-button"
        icon={isMicrophoneOn ? 'microphone' : 'microphoneOff'}
        label={
          mayUse.microphone
            ? isMicrophoneOn
              ? 'Mute'
              : 'Unmute'
            : 'Microphone not allowed by the host'
        }
        isDisabled={!mayUse.microphone}
        shortcut="M"
        tone={isMicrophoneOn ? 'plain' : 'off'}
        hasWarning={problems.microphone !== null}
        onClick={() => void toggleMicrophone()}
      />
      <ControlButton
        testId="camera-button"
        icon={isCameraOn ? 'camera' : 'cameraOff'}
        label={
          mayUse.camera
            ? isCameraOn
              ? 'Turn camera off'
              : 'Turn camera on'
            : 'Camera not allowed by the host'
        }
        isDisabled={!mayUse.camera}
        shortcut="V"
        tone={isCameraOn ? 'plain' : 'off'}
        hasWarning={problems.camera !== null}
        onClick={() => void toggleCamera()}
      />
    </>
  );
}
