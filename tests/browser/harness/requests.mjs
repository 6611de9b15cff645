/** Every request that a page makes, to show that none goes to a third party. */

/** @import { Page } from 'puppeteer-core' */

/**
 * @param {Page} page
 * @returns {Promise<() => string[]>} the URLs requested so far; in Chromium with those of web sockets
 */
export async function watchRequests(page) {
  /** @type {string[]} */
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  if ((await page.browser().version()).startsWith('Chrome')) {
    // It does not report a web socket as a request of the page.
    const session = await page.createCDPSession();
    session.on('Network.webSocketCreated', ({ url }) => urls.push(url));
    await session.send('Network.enable');
  }
  return () => [...urls];
}
