import { describe, expect, test } from 'vitest';
import { layoutTiles } from '../../src/hooks/tileLayout';
import type { Box } from '../../src/hooks/tileLayout';

const spaces = [
  [1280, 640],
  [1920, 980],
  [374, 690],
  [744, 320],
  [600, 600],
] as const;

const overlaps = (a: Box, b: Box): boolean =>
  a.x + 0.01 < b.x + b.width &&
  b.x + 0.01 < a.x + a.width &&
  a.y + 0.01 < b.y + b.height &&
  b.y + 0.01 < a.y + a.height;

describe.each(spaces)('in %d by %d', (width, height) => {
  test.each([
    [1, []],
    [2, []],
    [3, []],
    [4, []],
    [5, []],
    [9, []],
    [17, []],
    [60, []],
    [1, [0]],
    [2, [1]],
    [5, [3]],
    [9, [0, 4]],
    [40, [7]],
  ])('%d tiles with %j featured stay inside and apart', (count, featured) => {
    const { boxes, height: used } = layoutTiles(count, width, height, featured);
    expect(boxes).toHaveLength(count);
    boxes.forEach((box, index) => {
      expect(box.x).toBeGreaterThanOrEqual(-0.01);
      expect(box.y).toBeGreaterThanOrEqual(-0.01);
      expect(box.x + box.width).toBeLessThanOrEqual(width + 0.01);
      expect(box.y + box.height).toBeLessThanOrEqual(used + 0.01);
      expect(box.width).toBeGreaterThan(60);
      expect(box.height).toBeGreaterThan(40);
      for (const other of boxes.slice(index + 1)) expect(overlaps(box, other)).toBe(false);
    });
  });

  test('tiles keep the order of reading', () => {
    const { boxes } = layoutTiles(7, width, height);
    const reading = [...boxes].sort((a, b) => a.y - b.y || a.x - b.x);
    expect(boxes).toEqual(reading);
  });

  test('a shared screen gets more room than all others', () => {
    const { boxes } = layoutTiles(5, width, height, [2]);
    const areas = boxes.map((box) => box.width * box.height);
    expect(Math.max(...areas)).toBe(areas[2]);
  });
});

test('a crowd scrolls instead of shrinking away', () => {
  expect(layoutTiles(9, 374, 690).height).toBe(690);
  expect(layoutTiles(60, 374, 690).height).toBeGreaterThan(690);
});

test('no space or nobody: nothing to place', () => {
  expect(layoutTiles(0, 100, 100).boxes).toEqual([]);
  expect(layoutTiles(3, 0, 0).boxes).toEqual([]);
});
