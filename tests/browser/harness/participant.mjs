/** A person in a browser: what they click on the page, and what they see there. */

/** @import { Browser, Page } from 'puppeteer-core' */

import { inboundOf, mediaFlows, mediaReport, watchPeerConnections } from './media.mjs';
import { watchRequests } from './requests.mjs';
import { DEADLINE_MS, until } from './wait.mjs';

/**
 * @typedef {object} Tile one participant as the page shows them
 * @property {string} name
 * @property {boolean} isSelf
 * @property {boolean} isMuted
 * @property {boolean} isPresenting
 * @property {boolean} hasVideo
 * @property {number} videoWidth of the picture as it is played, 0 without one
 * @property {number} currentTime of the video element, in seconds
 */

/** @param {string} id */
const byId = (id) => `[data-testid="${id}"]`;

export class Participant {
  /**
   * @param {Browser} browser
   * @param {Page} page
   * @param {string} name
   * @param {() => string[]} requests
   */
  constructor(browser, page, name, requests) {
    this.browser = browser;
    this.page = page;
    this.name = name;
    this.requests = requests;
    /** @type {string[]} */
    this.pageErrors = [];
    page.on('pageerror', (error) => this.pageErrors.push(String(error)));
  }

  /**
   * Open a page of the server, in a browser of one's own.
   *
   * @param {Promise<Browser>} launching
   * @param {string} url
   * @param {string} name how they will call themselves
   * @param {(() => void)[]} [hooks] what runs in the page before its own scripts
   */
  static async open(launching, url, name, hooks = []) {
    const browser = await launching;
    try {
      const page = (await browser.pages())[0] ?? (await browser.newPage());
      await page.setViewport({ width: 960, height: 640 });
      for (const hook of [watchPeerConnections, ...hooks]) await page.evaluateOnNewDocument(hook);
      const participant = new Participant(browser, page, name, await watchRequests(page));
      await page.goto(url);
      return participant;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Give a name on the page before the call, and enter. */
  async join() {
    await this.enterName();
    await this.click('join-button');
    await this.inCall();
  }

  enterName() {
    return this.type('name-input', this.name);
  }

  /**
   * @param {string} id a data-testid
   * @param {string} text takes the place of what the field holds
   */
  async type(id, text) {
    const field = await this.see(id);
    await field.click({ count: 3 });
    await field.type(text);
  }

  async inCall() {
    await this.see('call-view');
  }

  /** @param {string} id a data-testid */
  async click(id) {
    const element = await this.see(id);
    await element.click();
  }

  /**
   * @param {string} id a data-testid
   * @returns {Promise<import('puppeteer-core').ElementHandle<Element>>}
   */
  async see(id) {
    const element = await this.page.waitForSelector(byId(id), { visible: true, timeout: DEADLINE_MS });
    if (element === null) throw new Error(`${this.name} does not see ${id}`);
    return element;
  }

  /** @param {string} id a data-testid */
  async doesNotSee(id) {
    await this.page.waitForSelector(byId(id), { hidden: true, timeout: DEADLINE_MS });
  }

  /**
   * @param {string} id a data-testid
   * @returns {Promise<string>} the text of the first element with it, '' without one
   */
  text(id) {
    return this.page.evaluate((selector) => document.querySelector(selector)?.textContent ?? '', byId(id));
  }

  /** @returns {Promise<Tile[]>} */
  tiles() {
    return this.page.evaluate(() => {
      return [...document.querySelectorAll('[data-testid^="tile-"]')].map((tile) => {
        const video = tile.querySelector('video');
        const { dataset } = /** @type {HTMLElement} */ (tile);
        return {
          name: tile.querySelector('.tile__name')?.firstChild?.textContent ?? '',
          isSelf: dataset.self === 'true',
          isMuted: dataset.muted === 'true',
          isPresenting: dataset.presenting === 'true',
          hasVideo: dataset.video === 'true',
          videoWidth: video?.videoWidth ?? 0,
          currentTime: video?.currentTime ?? 0,
        };
      });
    });
  }

  /**
   * @param {string} name
   * @returns {Promise<Tile | undefined>}
   */
  async tileOf(name) {
    return (await this.tiles()).find((tile) => tile.name === name);
  }

  /**
   * Wait until someone's tile is as expected.
   *
   * @param {string} name
   * @param {Partial<Tile>} expected
   */
  async seesTile(name, expected) {
    await until(
      `${this.name} sees ${name} with ${JSON.stringify(expected)}`,
      async () => {
        const tile = await this.tileOf(name);
        return tile && Object.entries(expected).every(([key, value]) => Reflect.get(tile, key) === value);
      },
      { describe: () => this.tiles() },
    );
  }

  /**
   * Wait until exactly these people are in the call, oneself included.
   *
   * @param {string[]} names
   */
  async seesExactly(names) {
    const wanted = names.toSorted().join();
    await until(
      `${this.name} sees exactly ${wanted}`,
      async () =>
        (await this.tiles())
          .map((tile) => tile.name)
          .toSorted()
          .join() === wanted,
      { describe: () => this.tiles() },
    );
  }

  /**
   * Wait until someone's picture is played: the element's time goes on, and it has a size.
   *
   * @param {string} name
   */
  async sees(name) {
    const before = (await this.tileOf(name))?.currentTime ?? 0;
    await until(
      `${this.name} sees ${name}'s picture`,
      async () => {
        const tile = await this.tileOf(name);
        return tile && tile.videoWidth > 0 && (tile.currentTime > before || tile.currentTime < before);
      },
      { describe: () => this.tiles() },
    );
  }

  /**
   * Wait until so many pictures and sounds of others go on at the same time.
   *
   * @param {number} video
   * @param {number} audio
   */
  async receives(video, audio) {
    await mediaFlows(this.page, { video, audio });
  }

  /** @param {'audio' | 'video'} kind */
  async inbound(kind) {
    return inboundOf(await mediaReport(this.page), kind);
  }

  report() {
    return mediaReport(this.page);
  }

  async close() {
    await this.browser.close();
  }
}
