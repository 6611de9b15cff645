import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import type { DeviceProblem } from '../services/deviceService';
import { Icon } from './Icon';

interface Help {
  title: string;
  advice: string;
  canRetry: boolean;
}

/** What to do when a device gives nothing: a different thing in each case. */
export function PermissionHelp(): ReactNode {
  const { microphone, camera } = useCall((state) => state.problems);
  const isOpening = useCall((state) => state.isOpeningDevices);
  const openPreview = useCall((state) => state.openPreview);
  if (microphone === null && camera === null) return null;
  const entries: { what: string; problem: DeviceProblem }[] = [];
  if (microphone === camera && microphone !== null) {
    entries.push({ what: 'microphone and camera', problem: microphone });
  } else {
    if (microphone !== null) entries.push({ what: 'microphone', problem: microphone });
    if (camera !== null) entries.push({ what: 'camera', problem: camera });
  }
  return (
    <div className="help" role="alert" data-testid="permission-help">
      {entries.map(({ what, problem }) => {
        const help = helpFor(what, problem);
        return (
          <section key={what} className="help__entry" data-problem={problem}>
            <Icon name="warning" size={20} />
            <div>
              <h3>{help.title}</h3>
              <p>{help.advice}</p>
            </div>
          </section>
        );
      })}
      {entries.some(({ what, problem }) => helpFor(what, problem).canRetry) && (
        <button
          type="button"
          className="button button--small"
          data-testid="retry-devices"
          disabled={isOpening}
          onClick={() => void openPreview()}
        >
          <Icon name="refresh" size={16} />
          Try again
        </button>
      )}
    </div>
  );
}

/** @param what "microphone", "camera", or both in one phrase. */
export function helpFor(what: string, problem: DeviceProblem): Help {
  const isBoth = what.includes(' and ');
  const them = isBoth ? 'them' : 'it';
  switch (problem) {
    case 'denied':
      return {
        title: `This page may not use your ${what}`,
        advice: `Select the icon beside the address at the top, allow ${what}, then try again. You can also join without.`,
        canRetry: true,
      };
    case 'denied-by-system':
      return {
        title: `Your system blocks the ${what}`,
        advice: `Open your system's privacy settings, allow this browser to use the ${what}, then try again.`,
        canRetry: true,
      };
    case 'missing':
      return {
        title: isBoth ? 'No microphone and no camera found' : `No ${what} found`,
        advice: `Plug ${isBoth ? 'one' : 'it'} in and it appears here, or join without: you will see and hear the others.`,
        canRetry: true,
      };
    case 'in-use':
      return {
        title: `Another program is using your ${what}`,
        advice: `Close the other call or recording that holds ${them}, then try again.`,
        canRetry: true,
      };
    case 'insecure':
      return {
        title: `The browser hides your ${what} from this page`,
        advice:
          'Browsers give devices only to secure pages. Open the meeting with https://, or on the computer that serves it as http://localhost. Until then you can join to watch and listen.',
        canRetry: false,
      };
    case 'failed':
      return {
        title: `Your ${what} did not start`,
        advice: `Unplug ${them} and plug ${them} in again, or choose another below.`,
        canRetry: true,
      };
  }
}
