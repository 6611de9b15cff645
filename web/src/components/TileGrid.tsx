import { useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { layoutTiles } from '../hooks/tileLayout';
import { useElementSize } from '../hooks/useElementSize';
import { useShownTiles } from '../hooks/useShownTiles';
import { useTiles } from '../hooks/useTiles';
import { Tile } from './Tile';

/** All tiles, in the order of joining. A tile keeps its element, so its video never restarts. */
export function TileGrid(): ReactNode {
  const tiles = useTiles();
  const { ref, width, height } = useElementSize<HTMLUListElement>();
  /** How far the stage is scrolled, in coarse steps. */
  const [top, setTop] = useState(0);
  const layout = useMemo(() => {
    // One's own screen needs no room on one's own page.
    const featured = tiles.flatMap((tile, index) =>
      tile.isPresenting && !tile.isSelf ? [index] : [],
    );
    return layoutTiles(tiles.length, width, height, featured);
  }, [tiles, width, height]);
  useShownTiles(tiles, layout.boxes, { top, height });
  return (
    <ul
      onScroll={({ currentTarget }) => setTop(Math.round(currentTarget.scrollTop / 40) * 40)}
      ref={ref}
      className="stage"
      aria-label="Participants"
      data-testid="stage"
    >
      {tiles.map((tile, index) => {
        const box = layout.boxes[index];
        return box && <Tile key={tile.participantId} tile={tile} box={box} />;
      })}
      {layout.height > height && (
        <li className="stage__end" style={{ top: layout.height - 1 }} aria-hidden="true" />
      )}
    </ul>
  );
}
