/** Every request that a page makes, to show that none goes to a third party. */

/** @import { Page } from 'puppeteer-core' */

/**
 * @param {Page} page
 * @returns {() => string[]} the URLs requested so far, web sockets included
 */
export function watchRequests(page) {
  /** @type {string[]} */
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  // Chromium does not report a web socket as a request of the page.
  void page.createCDPSession().then(async (session) => {
    session.on('Network.webSocketCreated', ({ url }) => urls.push(url));
    await session.send('Network.enable');
  });
  return () => [...urls];
}
