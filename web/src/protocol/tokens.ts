import type { Role } from './messages';

/** What a token says about its bearer, for the page to show. The server alone decides whether it is true. */
export interface Grant {
  role?: Role;
  /** Takes the place of whatever name the page gives. */
  displayName?: string;
}

/** Reads a JSON Web Token's claims without checking its signature. Nothing of use in it: an empty grant. */
export function grantOf(token: string | undefined, roomId: string): Grant {
  const payload = token?.split('.')[1];
  if (payload === undefined) return {};
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (letter) =>
      letter.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as {
      name?: unknown;
      rooms?: Partial<Record<string, { role?: unknown }>>;
    } | null;
    const role = (claims?.rooms?.[roomId] ?? claims?.rooms?.['*'])?.role;
    const name = claims?.name;
    return {
      ...(role === 'host' || role === 'participant' || role === 'viewer' ? { role } : {}),
      ...(typeof name === 'string' && name !== '' ? { displayName: name } : {}),
    };
  } catch {
    return {};
  }
}
