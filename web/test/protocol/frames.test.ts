import { describe, expect, test } from 'vitest';
import { acceptFrame, parseFrame, rejectFrame, requestFrame } from '../../src/protocol/frames';
import { asNotification } from '../../src/protocol/messages';

describe('parseFrame', () => {
  test('reads what the page itself writes', () => {
    expect(parseFrame(requestFrame(7, 'joinRoom', { a: 1 }))).toEqual({
      type: 'request',
      id: 7,
      method: 'joinRoom',
      data: { a: 1 },
    });
    expect(parseFrame(acceptFrame(7))).toEqual({ type: 'response', id: 7, ok: true, data: {} });
    expect(parseFrame(rejectFrame(7, 'NOT_FOUND', 'no room'))).toEqual({
      type: 'response',
      id: 7,
      ok: false,
      errorCode: 'NOT_FOUND',
      errorReason: 'no room',
    });
  });

  test('gives a refusal without a code or with a number a code all the same', () => {
    expect(parseFrame('{"response":true,"id":1,"ok":false}')).toMatchObject({
      errorCode: 'INTERNAL',
    });
    expect(parseFrame('{"response":true,"id":1,"ok":false,"errorCode":403}')).toMatchObject({
      errorCode: '403',
    });
  });

  test.each([
    '',
    'null',
    '[]',
    '7',
    '"text"',
    '{',
    '{}',
    '{"request":true}',
    '{"request":true,"id":"1","method":"x"}',
    '{"request":true,"id":1,"method":2}',
    '{"response":true,"id":null,"ok":true}',
    '{"notification":true}',
    '{"notification":1,"method":"x"}',
    new ArrayBuffer(4),
    undefined,
  ])('takes %j for no frame', (text) => {
    expect(parseFrame(text)).toBeNull();
  });
});

describe('asNotification', () => {
  test('knows the names of the protocol', () => {
    const data = { participantId: 'p', reason: 'left' };
    expect(asNotification('participantLeft', data)).toEqual({ method: 'participantLeft', data });
  });

  test.each([
    ['a name of the future', 'lobbyKnock', { participantId: 'p' }],
    ['a name of every object', 'toString', {}],
    ['no data', 'participantLeft', null],
    ['no id', 'participantLeft', {}],
    ['an id that is no text', 'newProducer', { producerId: 1, participantId: 'p' }],
  ])('drops %s', (_what, method, data) => {
    expect(asNotification(method, data)).toBeNull();
  });
});
