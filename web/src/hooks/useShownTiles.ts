import { useEffect, useSyncExternalStore } from 'react';
import type { Size } from '../services/layers';
import type { Box } from './tileLayout';
import { useCall } from './useCall';
import type { TileView } from './useTiles';

/** Tiles this near to the visible part, in CSS pixels, are received already: they may be scrolled in. */
const MARGIN = 120;

/** More than this is hardly seen, and costs four times as much. */
const DENSEST = 2;

/** Tells the store which tiles are seen, and how large. */
export function useShownTiles(
  tiles: readonly TileView[],
  boxes: readonly Box[],
  view: { top: number; height: number },
): void {
  const showTiles = useCall((state) => state.showTiles);
  const isPageVisible = useSyncExternalStore(
    subscribe,
    () => document.visibilityState === 'visible',
  );
  const { top, height } = view;
  useEffect(() => {
    if (height === 0) return;
    const density = Math.min(DENSEST, window.devicePixelRatio);
    const shown = new Map<string, Size | null>();
    tiles.forEach(({ participantId }, index) => {
      const box = boxes[index];
      if (box === undefined) return;
      const isSeen =
        isPageVisible && box.y < top + height + MARGIN && box.y + box.height > top - MARGIN;
      const size = { width: box.width * density, height: box.height * density };
      shown.set(participantId, isSeen ? size : null);
    });
    showTiles(shown);
  }, [tiles, boxes, top, height, isPageVisible, showTiles]);
}

function subscribe(onChange: () => void): () => void {
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}
