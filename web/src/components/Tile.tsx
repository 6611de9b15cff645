import type { CSSProperties, ReactNode } from 'react';
import type { Box } from '../hooks/tileLayout';
import { useSpeaking } from '../hooks/useSound';
import type { TileView } from '../hooks/useTiles';
import { Avatar, hueOf } from './Avatar';
import { Icon } from './Icon';
import { TileReaction } from './Reactions';
import { VideoSurface } from './VideoSurface';

/** One participant: camera, or shared screen, or avatar; name, muted or not, speaking or not. */
export function Tile(props: { tile: TileView; box: Box }): ReactNode {
  const { tile, box } = props;
  const isSpeaking = useSpeaking(tile);
  const style: CSSProperties = {
    transform: `translate(${box.x}px, ${box.y}px)`,
    width: box.width,
    height: box.height,
  };
  return (
    <li
      className="tile"
      style={style}
      data-testid={`tile-${tile.participantId}`}
      data-hue={hueOf(tile.displayName)}
      data-self={tile.isSelf}
      data-muted={tile.isMuted}
      data-speaking={isSpeaking}
      data-presenting={tile.isPresenting}
      data-video={tile.video !== null}
      data-small={box.width < 200}
      aria-label={describe(tile)}
    >
      <Avatar name={tile.displayName} />
      {tile.video !== null && (
        <VideoSurface
          stream={tile.video}
          isWhole={tile.isPresenting}
          isMirrored={tile.isSelf && !tile.isPresenting}
          testId={`video-${tile.participantId}`}
        />
      )}
      <TileReaction participantId={tile.participantId} />
      {tile.isHandRaised && (
        <span className="tile__hand" data-testid={`hand-${tile.participantId}`}>
          <Icon name="hand" size={18} />
        </span>
      )}
      <span className="tile__label">
        {tile.isPresenting && <Icon name="screen" size={16} />}
        {tile.isMuted && tile.role !== 'viewer' && (
          <span className="tile__muted" data-testid={`muted-${tile.participantId}`}>
            <Icon name="microphoneOff" size={15} />
          </span>
        )}
        <span className="tile__name">
          {tile.displayName}
          {tile.isSelf && (
            <span className="tile__you">{tile.isPresenting ? ', you are sharing' : ' (you)'}</span>
          )}
        </span>
      </span>
    </li>
  );
}

function describe(tile: TileView): string {
  const parts = [tile.isSelf ? `${tile.displayName}, you` : tile.displayName];
  if (tile.isHandRaised) parts.push('hand raised');
  if (tile.role === 'viewer') return [...parts, 'watching'].join(', ');
  if (tile.isMuted) parts.push('muted');
  if (tile.isPresenting) parts.push('sharing the screen');
  else if (tile.video === null) parts.push('camera off');
  return parts.join(', ');
}
