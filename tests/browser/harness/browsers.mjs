/** Real browsers, headless, as Debian ships them: Chromium over CDP, Firefox over WebDriver BiDi. */

import puppeteer from 'puppeteer-core';

/** @import { Browser } from 'puppeteer-core' */

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--auto-select-desktop-capture-source=Entire screen',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
  // A hidden window's timers and video are slowed down; in a test no window is ever in front.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * @typedef {object} ChromiumOptions
 * @property {'allow' | 'deny'} [permission] what the person answers when asked for camera and microphone
 * @property {boolean} [devices] false: the machine has neither
 * @property {string} [home] the person's home directory, where authorities are that they trust
 * @property {string} [trust] an http origin, not on localhost, on which devices may be used all the same
 * @property {string} [executablePath] another program than Debian's Chromium
 */

/**
 * @param {ChromiumOptions} [options]
 * @returns {Promise<Browser>}
 */
export function launchChromium({ permission = 'allow', devices = true, home, trust, executablePath } = {}) {
  const args = CHROMIUM_ARGS.filter((arg) => devices || !arg.startsWith('--use-fake-device'));
  args.push(permission === 'allow' ? '--use-fake-ui-for-media-stream' : '--deny-permission-prompts');
  if (trust !== undefined) args.push(`--unsafely-treat-insecure-origin-as-secure=${trust}`);
  return puppeteer.launch({
    browser: 'chrome',
    executablePath: executablePath ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    pipe: true,
    args,
    ...(home === undefined ? {} : { env: { ...process.env, HOME: home } }),
  });
}

/**
 * @param {object} options
 * @param {string} options.trust the origin on which devices may be used even if it is http
 * @param {string} [options.profile] a directory with a profile, where authorities are that the person trusts
 * @returns {Promise<Browser>}
 */
export function launchFirefox({ trust, profile }) {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    ...(profile === undefined ? {} : { userDataDir: profile }),
    extraPrefsFirefox: {
      'media.navigator.permission.disabled': true,
      'media.navigator.streams.fake': true,
      'media.autoplay.default': 0,
      'media.devices.insecure.enabled': true,
      'media.getusermedia.insecure.enabled': true,
      'dom.securecontext.allowlist': new URL(trust).hostname,
    },
  });
}
