import { expect, test } from 'vitest';
import { piecesOf } from '../../src/services/links';

test.each([
  ['see https://a.example/x?y=1#z now', ['https://a.example/x?y=1#z']],
  ['(https://a.example).', ['https://a.example/']],
  ['https://w.example/Otter_(animal), yes', ['https://w.example/Otter_(animal)']],
  ['http://a.example and HTTPS://B.example!', ['http://a.example/', 'https://b.example/']],
  ['javascript:alert(1) data:text/html,x mailto:a@b.c a.example', []],
  ['<a href="https://a.example">', ['https://a.example/']],
  ['https://', []],
])('%s', (text, links) => {
  const pieces = piecesOf(text);
  expect(pieces.map((piece) => piece.text).join('')).toBe(text);
  expect(pieces.flatMap((piece) => ('href' in piece ? [piece.href] : []))).toEqual(links);
});
