import type { ReactNode } from 'react';

/** How many hues `styles/tile.css` has. */
const HUES = 8;

/** The same person has the same hue on everybody's page: it comes from the name. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % HUES;
}

/** One or two letters: of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s_.-]+/u).filter((word) => word !== '');
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return picked
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

export function Avatar(props: { name: string }): ReactNode {
  return (
    <span className="avatar" data-hue={hueOf(props.name)} aria-hidden="true">
      {initialsOf(props.name) || '·'}
    </span>
  );
}
