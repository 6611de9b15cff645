/** The limits that the server puts on names, checked here so that the user hears of them while typing. */

export const DISPLAY_NAME_LIMIT = 64;

const roomIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

export function isRoomId(text: string): boolean {
  return roomIdPattern.test(text);
}

/** Trims, folds white space and cuts to the limit, without cutting a character in two. */
export function tidyDisplayName(text: string): string {
  const folded = text.replace(/\s+/gu, ' ').trim();
  return Array.from(folded).slice(0, DISPLAY_NAME_LIMIT).join('');
}

/** The token that a link carries behind `#`, where no server's log sees it. */
export function tokenOf(fragment: string): { token?: string } {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token');
  return token === null || token === '' ? {} : { token };
}

/**
 * Reads a room id from what people paste: an id, a path, or a whole link.
 * Spaces between words become hyphens ("calm otter harbor"). Returns null when nothing usable is there.
 */
export function readRoomId(text: string): string | null {
  const trimmed = text.trim();
  const inLink = /\/r\/([^/?#]+)/.exec(trimmed);
  let candidate = inLink?.[1] ?? trimmed;
  if (inLink !== null) {
    try {
      candidate = decodeURIComponent(candidate);
    } catch {
      return null;
    }
  }
  candidate = candidate.replace(/\s+/g, '-');
  return isRoomId(candidate) ? candidate : null;
}
