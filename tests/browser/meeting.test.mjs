/** A meeting with a host: chat, lobby, password, rights, and the way out, with axe on every view of it. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { axeFindings } from './harness/axe.mjs';
import { launchChromium } from './harness/browsers.mjs';
import { packetsDuring } from './harness/media.mjs';
import { Participant } from './harness/participant.mjs';
import { startServer } from './harness/server.mjs';
import { until } from './harness/wait.mjs';

/** @import { Server } from './harness/server.mjs' */

const PHONE = { width: 390, height: 780, hasTouch: true, isMobile: true };

describe('a meeting', () => {
  /** @type {Server} */
  let server;
  /** @type {Participant} */
  let host;
  /** @type {Participant} */
  let guest;

  const open = (/** @type {string} */ name) =>
    Participant.open(launchChromium(), `${server.url}/r/meeting`, name);

  /** @param {Participant} person */
  const idOf = (person) =>
    person.page.evaluate(
      () => /** @type {string} */ (/** @type {any} */ (window).__videocall.store.getState().participantId),
    );

  before(async () => {
    server = await startServer();
    [host, guest] = await Promise.all([open('Hanna'), open('Gil')]);
    await guest.page.setViewport(PHONE);
    await host.join();
    await guest.join();
    await Promise.all([host.receives(1, 1), guest.receives(1, 1)]);
  });
  after(async () => {
    await Promise.all([host.close(), guest.close()]);
    await server.stop();
  });

  test('what is written is read by the others, also by whoever comes later', async () => {
    await host.click('chat-button');
    await host.type('chat-input', 'Notes: https://notes.example/today');
    await host.click('chat-send');
    await until('the guest has one unread', async () => (await guest.text('chat-button')).startsWith('1'));
    await guest.click('chat-button');
    await until('the guest reads it', async () => (await guest.text('chat-messages')).includes('Notes:'));
    await guest.type('chat-input', 'Thank you');
    await guest.click('chat-send');
    await until('the host reads it', async () => (await host.text('chat-messages')).includes('Thank you'));
    assert.deepEqual(await axeFindings(host.page), []);
    assert.deepEqual(await axeFindings(guest.page), []);
    await guest.click('panel-close');

    const late = await open('Lea');
    await late.join();
    await late.click('chat-button');
    await until('the latecomer reads both', async () =>
      /Notes:.*Thank you/s.test(await late.text('chat-messages')),
    );
    await late.close();
    await host.seesExactly(['Hanna', 'Gil']);
  });

  test('a raised hand and a reaction are seen', async () => {
    await guest.page.keyboard.press('h');
    await host.see(`hand-${await idOf(guest)}`);
    await guest.click('more-button');
    assert.deepEqual(await axeFindings(guest.page), []);
    await guest.click('react-applause');
    await host.see(`reaction-${await idOf(guest)}`);
  });

  test('the host mutes somebody, who may unmute; without the right they cannot', async () => {
    const id = await idOf(guest);
    await host.click('people-button');
    await host.click(`manage-${id}`);
    await host.click(`mute-${id}`);
    await host.seesTile('Gil', { isMuted: true });
    await host.receives(1, 0);
    assert.equal(await packetsDuring(host.page, 'audio', () => host.receives(1, 0)), 0);
    await guest.click('mute-button');
    await host.seesTile('Gil', { isMuted: false });

    await host.click(`may-audio-${id}`);
    await host.seesTile('Gil', { isMuted: true });
    await until('the switch is out of use', () =>
      guest.page.evaluate(
        () =>
          /** @type {HTMLButtonElement | null} */ (document.querySelector('[data-testid="mute-button"]'))
            ?.disabled,
      ),
    );
    assert.deepEqual(await axeFindings(host.page), []);
    assert.deepEqual(await axeFindings(guest.page), []);
    await host.click(`may-audio-${id}`);
    await until('it is in use again', () =>
      guest.page.evaluate(
        () =>
          /** @type {HTMLButtonElement | null} */ (document.querySelector('[data-testid="mute-button"]'))
            ?.disabled === false,
      ),
    );
    await guest.click('mute-button');
    await host.seesTile('Gil', { isMuted: false });
    await host.receives(1, 1);
  });

  test('a viewer sends nothing, with the lights out, and takes part again when let', async () => {
    const id = await idOf(guest);
    await host.click(`make-viewer-${id}`);
    await guest.see('viewer-chip');
    await host.seesTile('Gil', { isMuted: true, hasVideo: false });
    assert.deepEqual(
      await guest.page.evaluate(() => {
        const { microphoneTrack, cameraTrack } = /** @type {any} */ (window).__videocall.store.getState();
        return [microphoneTrack, cameraTrack];
      }),
      [null, null],
    );
    await guest.receives(1, 1);
    assert.deepEqual(await axeFindings(guest.page), []);
    await host.click(`make-participant-${id}`);
    await guest.click('camera-button');
    await guest.click('mute-button');
    await host.seesTile('Gil', { isMuted: false, hasVideo: true });
    await host.receives(1, 1);
  });

  test('a lobby and a password keep people waiting at the door', async (t) => {
    await host.click('more-button');
    await host.click('room-button');
    await host.click('lobby-switch');
    await host.type('room-password-input', 'otters');
    await host.click('room-password-save');
    await host.see('room-password-clear');
    assert.deepEqual(await axeFindings(host.page), []);
    await host.click('room-close');

    const kim = await open('Kim');
    t.after(() => kim.close());
    await kim.enterName();
    await kim.click('join-button');
    await kim.type('password-input', 'badgers');
    await kim.click('join-button');
    await until('it is the wrong one', async () =>
      (await kim.text('join-error')).includes('not the password'),
    );
    assert.deepEqual(await axeFindings(kim.page), []);
    await kim.type('password-input', 'otters');
    await kim.click('join-button');
    await kim.see('lobby-view');
    assert.deepEqual(await axeFindings(kim.page), []);
    const knock = await host.page.waitForSelector('[data-testid^="admit-"]', { visible: true });
    assert.deepEqual(await axeFindings(host.page), []);
    await knock?.click();
    await kim.inCall();
    await Promise.all([kim.receives(2, 2), host.receives(2, 2)]);

    const id = await idOf(kim);
    await host.click(`manage-${id}`);
    await host.click(`remove-${id}`);
    await host.click(`remove-${id}`);
    await kim.see('ended-view');
    assert.match(await kim.text('ended-view'), /taken out/);
    assert.deepEqual(await axeFindings(kim.page), []);
    await host.seesExactly(['Hanna', 'Gil']);
  });

  test('the host ends it for everybody', async () => {
    await host.click('more-button');
    await host.click('room-button');
    await host.click('end-room-button');
    await host.click('end-room-button');
    await Promise.all([host.see('ended-view'), guest.see('ended-view')]);
    assert.match(await guest.text('ended-view'), /has ended/);
    for (const person of [host, guest]) assert.deepEqual(person.pageErrors, []);
  });
});
