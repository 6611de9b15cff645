import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { ControlButton } from './ControlButton';

/** Microphone and camera, on and off: the same two buttons before a call and in it. */
export function DeviceToggles(): ReactNode {
  const isMicrophoneOn = useCall((state) => state.isMicrophoneOn);
  const isCameraOn = useCall((state) => state.isCameraOn);
  const problems = useCall((state) => state.problems);
  const toggleMicrophone = useCall((state) => state.toggleMicrophone);
  const toggleCamera = useCall((state) => state.toggleCamera);
  return (
    <>
      <ControlButton
        testId="mute-button"
        icon={isMicrophoneOn ? 'microphone' : 'microphoneOff'}
        label={isMicrophoneOn ? 'Mute' : 'Unmute'}
        shortcut="M"
        tone={isMicrophoneOn ? 'plain' : 'off'}
        hasWarning={problems.microphone !== null}
        onClick={() => void toggleMicrophone()}
      />
      <ControlButton
        testId="camera-button"
        icon={isCameraOn ? 'camera' : 'cameraOff'}
        label={isCameraOn ? 'Turn camera off' : 'Turn camera on'}
        shortcut="V"
        tone={isCameraOn ? 'plain' : 'off'}
        hasWarning={problems.camera !== null}
        onClick={() => void toggleCamera()}
      />
    </>
  );
}
