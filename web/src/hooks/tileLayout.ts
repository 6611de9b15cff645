/** Where the tiles of a call are placed. Pure geometry, in CSS pixels. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface TileLayout {
  /** One per tile, in the given order. */
  boxes: Box[];
  /** Taller than the space when the tiles would become too small: then the stage scrolls. */
  height: number;
}

const GAP = 10;

/** Wider than this a face is lost in its tile; narrower than the second value it is cut off. */
const WIDEST = 16 / 9;
const NARROWEST_WIDE = 4 / 3;
const NARROWEST_TALL = 0.62;

const SMALLEST_WIDTH = 132;

/**
 * Lays out `count` tiles in a space. `featured` holds the indexes of those that get most of it: what
 * somebody shares must be readable. The others keep their order, so tiles never jump.
 */
export function layoutTiles(
  count: number,
  width: number,
  height: number,
  featured: readonly number[] = [],
): TileLayout {
  if (count === 0 || width <= 0 || height <= 0) return { boxes: [], height: 0 };
  const space = { x: 0, y: 0, width, height };
  const others = range(count).filter((index) => !featured.includes(index));
  if (featured.length === 0) return grid(count, space);
  if (others.length === 0) return grid(count, space, 0);

  const isWide = width >= height;
  const strip = isWide
    ? Math.min(280, Math.max(150, width * 0.2))
    : Math.max(height * 0.3, height - GAP - (width / WIDEST) * featured.length);
  const main = isWide
    ? { ...space, width: width - strip - GAP }
    : { ...space, height: height - strip - GAP };
  const rest = isWide
    ? { ...space, x: main.width + GAP, width: strip }
    : { ...space, y: main.height + GAP, height: strip };
  const big = grid(featured.length, main, 0);
  const small = grid(others.length, rest);
  const boxes: Box[] = [];
  featured.forEach((index, place) => put(boxes, index, big.boxes[place]));
  others.forEach((index, place) => put(boxes, index, small.boxes[place]));
  return { boxes, height: Math.max(height, rest.y + small.height) };
}

/** The grid with the largest tiles; its last row is centred. A `narrowest` of 0 allows any shape. */
function grid(
  count: number,
  space: Box,
  narrowest = space.height > space.width ? NARROWEST_TALL : NARROWEST_WIDE,
): TileLayout {
  let best = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const tile = shape(count, columns, space, narrowest);
    if (tile.width * tile.height > best.width * best.height) best = { columns, ...tile };
  }
  if (best.width < SMALLEST_WIDTH) {
    const columns = Math.max(1, Math.floor((space.width + GAP) / (SMALLEST_WIDTH + GAP)));
    if (columns < count) {
      const tileWidth = (space.width - GAP * (columns - 1)) / columns;
      best = { columns, width: tileWidth, height: tileWidth / NARROWEST_WIDE };
    }
  }
  const rows = Math.ceil(count / best.columns);
  const used = rows * best.height + (rows - 1) * GAP;
  const top = Math.max(0, (space.height - used) / 2);
  const boxes = range(count).map((index) => {
    const row = Math.floor(index / best.columns);
    const inRow = Math.min(best.columns, count - row * best.columns);
    const rowWidth = inRow * best.width + (inRow - 1) * GAP;
    return {
      x: space.x + (space.width - rowWidth) / 2 + (index % best.columns) * (best.width + GAP),
      y: space.y + top + row * (best.height + GAP),
      width: best.width,
      height: best.height,
    };
  });
  return { boxes, height: Math.max(space.height, used) };
}

function shape(
  count: number,
  columns: number,
  space: Box,
  narrowest: number,
): { width: number; height: number } {
  const rows = Math.ceil(count / columns);
  const cellWidth = (space.width - GAP * (columns - 1)) / columns;
  const cellHeight = (space.height - GAP * (rows - 1)) / rows;
  if (cellWidth <= 0 || cellHeight <= 0) return { width: 0, height: 0 };
  const height = narrowest === 0 ? cellHeight : Math.min(cellHeight, cellWidth / narrowest);
  const width = narrowest === 0 ? cellWidth : Math.min(cellWidth, height * WIDEST);
  return { width, height };
}

function put(boxes: Box[], index: number, box: Box | undefined): void {
  if (box !== undefined) boxes[index] = box;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
