import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { streamOf } from '../services/streams';
import { Avatar, hueOf } from './Avatar';
import { DeviceToggles } from './DeviceToggles';
import { VideoSurface } from './VideoSurface';

/** How the others will see this participant, with the switches right on it. */
export function Preview(props: { name: string }): ReactNode {
  const camera = useCall((state) => (state.isCameraOn ? state.cameraTrack : null));
  const isOpening = useCall((state) => state.isOpeningDevices);
  const name = props.name || 'You';
  return (
    <div className="preview" data-hue={hueOf(name)} data-testid="preview">
      <Avatar name={name} />
      {camera !== null && (
        <VideoSurface stream={streamOf(camera)} isMirrored testId="preview-video" />
      )}
      <span className="preview__name">{name}</span>
      {isOpening && camera === null && (
        <p className="preview__status" role="status">
          <span className="spinner" />
          Waiting for your devices. Your browser may be asking.
        </p>
      )}
      <div className="preview__controls">
        <DeviceToggles />
      </div>
    </div>
  );
}
