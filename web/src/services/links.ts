/** A piece of a text: words, or an address that may be followed. */
export type TextPiece = { text: string } | { text: string; href: string };

/** Only these: a `javascript:` or `data:` address would run in whoever's page it is clicked. */
const address = /\bhttps?:\/\/[^\s<>"']+/giu;

/** What closes a sentence around an address is not part of it. */
const trailing = /[.,;:!?)\]}]+$/u;

/** Finds the web addresses in a text. The pieces, put together, are the text. */
export function piecesOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const found = balanced(match[0]);
    if (!URL.canParse(found)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: found, href: new URL(found).href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Keeps a closing bracket that was opened in the address, as encyclopedias have. */
function balanced(found: string): string {
  const cut = found.replace(trailing, '');
  const isOpen = cut.split('(').length > cut.split(')').length;
  return isOpen && found[cut.length] === ')' ? `${cut})` : cut;
}
