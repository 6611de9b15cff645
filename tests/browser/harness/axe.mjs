/** axe in a real browser: with layout and colours, so that contrast counts. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** @import { Page } from 'puppeteer-core' */

const AXE = fileURLToPath(new URL('../../../web/node_modules/axe-core/axe.min.js', import.meta.url));

/**
 * What axe finds on the page as it is, in the light and in the dark.
 *
 * @param {Page} page
 * @returns {Promise<string[]>} a rule and an element each
 */
export async function axeFindings(page) {
  const source = await readFile(AXE, 'utf8');
  /** @type {string[]} */
  const findings = [];
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      // What is half faded in has no contrast worth measuring.
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.evaluate(source);
    const found = await page.evaluate(async () => {
      await Promise.all(
        document.getAnimations().map((animation) => animation.finished.catch(() => undefined)),
      );
      const { violations } = await /** @type {any} */ (window).axe.run(document);
      return violations.flatMap((/** @type {any} */ { id, nodes }) =>
        nodes.map((/** @type {any} */ { html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
      );
    });
    findings.push(...found.map((/** @type {string} */ text) => `${scheme} ${text}`));
  }
  return findings;
}
