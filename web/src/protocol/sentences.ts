/** What errors mean for whoever sits before the page: one place for every code, by where it is met. */

export interface Failure {
  /** The server's error code, the reason it ended the session with, or `left`. */
  code: string;
  message: string;
}

/** Why something that was asked for in a call did not happen. */
export function refusalOf({ code, message }: Failure): string {
  switch (code) {
    case 'FORBIDDEN':
      return 'You may not do that here.';
    case 'NOT_FOUND':
      return 'That is gone already.';
    case 'RATE_LIMITED':
      return 'That was too often. Wait a moment.';
    case 'LIMIT_REACHED':
      return 'There is no room for more of that.';
    case 'UNSUPPORTED':
      return 'The server cannot do that.';
    case 'TIMEOUT':
      return 'The server did not answer.';
    case 'DISCONNECTED':
      return 'The connection is broken. Try again when it is back.';
    case 'INTERNAL':
      return 'The server failed. Try again.';
    default:
      return message || code;
  }
}

/** Why somebody is not let in. */
export function joinRefusalOf({ code, message }: Failure): string {
  switch (code) {
    case 'DISCONNECTED':
    case 'TIMEOUT':
      return 'The server is out of reach. Check your network and try again.';
    case 'ROOM_FULL':
      return 'This meeting is full.';
    case 'ROOM_LOCKED':
      return 'This meeting is locked: nobody else can come in.';
    case 'ROOM_EXPIRED':
      return 'This meeting is over: its time has run out.';
    case 'PASSWORD_REQUIRED':
      return 'This meeting has a password. Type it to come in.';
    case 'PASSWORD_WRONG':
      return 'That is not the password.';
    case 'LOBBY_REJECTED':
      return 'A host did not let you in.';
    case 'LOBBY_CLOSED':
      return 'The meeting ended while you waited.';
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
    case 'FORBIDDEN':
      return 'This link does not let you in. Ask for a new one.';
    case 'DRAINING':
      return 'The server is about to restart. Try again in a minute.';
    case 'UNAVAILABLE':
      return 'The server cannot reach its database. Try again in a minute.';
    case 'CLIENT_TOO_OLD':
    case 'CLIENT_TOO_NEW':
      return 'The server was updated. Reload this page and join again.';
    case 'RATE_LIMITED':
      return 'Too many attempts. Wait a moment and try again.';
    case 'UNSUPPORTED_BROWSER':
      return 'This browser cannot hold a call. Use a current Chrome, Edge, Firefox or Safari.';
    default:
      return `The meeting could not be joined (${message || code}).`;
  }
}

/** Why a call is over, and whether there is a way back. */
export function endOf({ code, message }: Failure): {
  title: string;
  detail: string;
  canRejoin: boolean;
} {
  const end = (title: string, detail = '', canRejoin = true): ReturnType<typeof endOf> => ({
    title,
    detail,
    canRejoin,
  });
  const lost = 'The connection broke';
  switch (code) {
    case 'left':
      return end('You left the meeting.', 'Your microphone and camera are off.');
    case 'roomEnded':
      return end('The meeting has ended.', 'A host ended it for everybody.');
    case 'expired':
    case 'ROOM_EXPIRED':
      return end('The meeting has ended.', 'Its time has run out.', false);
    case 'removed':
      return end('You were taken out of the meeting.', 'A host removed you.');
    case 'replaced':
      return end('You joined from another place.', 'The call goes on there.');
    case 'ROOM_FULL':
      return end('You lost your place.', `${lost}, and the meeting is full now.`);
    case 'ROOM_LOCKED':
      return end('You cannot come back in.', `${lost}, and the meeting is locked now.`);
    case 'PASSWORD_REQUIRED':
    case 'PASSWORD_WRONG':
      return end('You have to come in anew.', `${lost}, and the meeting has another password now.`);
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
      return end(
        'You cannot come back in.',
        `${lost}, and this link lets nobody in any more. Ask for a new one.`,
        false,
      );
    case 'CLIENT_TOO_OLD':
    case 'CLIENT_TOO_NEW':
      return end('The server was updated.', 'Reload this page to go on.');
    default:
      return end(
        'The call ended.',
        message === '' ? 'The server closed the connection.' : `The server said: ${message}.`,
      );
  }
}
