/** What really arrives: read from the browser's own statistics and from the elements that play it. */

/** @import { Page } from 'puppeteer-core' */

import { until } from './wait.mjs';

/**
 * Remember every peer connection that the page makes, without touching how it works. To be run before the page's scripts.
 */
export function watchPeerConnections() {
  const Native = window.RTCPeerConnection;
  /** @type {RTCPeerConnection[]} */
  const made = [];
  class Watched extends Native {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      made.push(this);
    }
  }
  window.RTCPeerConnection = Watched;
  Object.assign(window, { __peerConnections: made });
}

/**
 * @typedef {object} Inbound what one received track has come to
 * @property {'audio' | 'video'} kind
 * @property {number} ssrc
 * @property {number} packets
 * @property {number} framesDecoded
 * @property {number} audioEnergy of the sound that was played
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} MediaReport
 * @property {Inbound[]} inbound live tracks only
 * @property {{ kind: 'audio' | 'video', packets: number, framesEncoded: number, codec: string }[]} outbound
 * @property {string[]} states the connection states of all open peer connections
 */

/**
 * @param {Page} page
 * @returns {Promise<MediaReport>}
 */
export function mediaReport(page) {
  return page.evaluate(async () => {
    /** @type {RTCPeerConnection[]} */
    const connections = Reflect.get(window, '__peerConnections');
    /** @type {MediaReport} */
    const report = { inbound: [], outbound: [], states: [] };
    for (const connection of connections) {
      if (connection.connectionState === 'closed') continue;
      report.states.push(connection.connectionState);
      /** @type {Map<string, any>} */
      const stats = new Map(/** @type {any} */ (await connection.getStats()));
      for (const entry of stats.values()) {
        const codec = String(stats.get(entry.codecId)?.mimeType ?? '');
        if (entry.type === 'inbound-rtp' && entry.packetsReceived > 0) {
          report.inbound.push({
            kind: entry.kind,
            ssrc: entry.ssrc,
            packets: entry.packetsReceived,
            framesDecoded: entry.framesDecoded ?? 0,
            audioEnergy: entry.totalAudioEnergy ?? 0,
            width: entry.frameWidth ?? 0,
            height: entry.frameHeight ?? 0,
          });
        }
        if (entry.type === 'outbound-rtp') {
          report.outbound.push({
            kind: entry.kind,
            packets: entry.packetsSent,
            framesEncoded: entry.framesEncoded ?? 0,
            codec,
          });
        }
      }
    }
    return report;
  });
}

/**
 * @typedef {object} Path the pair of candidates that a connection has chosen, as far as this side is concerned
 * @property {string} type of the local candidate: `host`, `srflx`, `prflx` or `relay`
 * @property {string} relayProtocol between the browser and the TURN server, '' without one
 */

/**
 * @param {Page} page
 * @returns {Promise<Path[]>} for every open peer connection
 */
export function chosenPaths(page) {
  return page.evaluate(async () => {
    /** @type {RTCPeerConnection[]} */
    const connections = Reflect.get(window, '__peerConnections');
    /** @type {Path[]} */
    const paths = [];
    for (const connection of connections) {
      if (connection.connectionState === 'closed') continue;
      /** @type {Map<string, any>} */
      const stats = new Map(/** @type {any} */ (await connection.getStats()));
      for (const entry of stats.values()) {
        if (entry.type !== 'transport' || !entry.selectedCandidatePairId) continue;
        const local = stats.get(stats.get(entry.selectedCandidatePairId).localCandidateId);
        paths.push({ type: local.candidateType, relayProtocol: local.relayProtocol ?? '' });
      }
    }
    return paths;
  });
}

/**
 * @param {MediaReport} report
 * @param {'audio' | 'video'} kind
 * @returns {Inbound[]}
 */
export function inboundOf(report, kind) {
  return report.inbound.filter((track) => track.kind === kind);
}

/**
 * Wait until every one of `video` pictures and `audio` sounds goes on: each decodes 20 more frames, each plays more energy.
 *
 * @param {Page} page
 * @param {{ video: number, audio: number, deadlineMs?: number }} expected how many tracks have to go on at the same time
 */
export async function mediaFlows(page, { video, audio, deadlineMs }) {
  const before = new Map((await mediaReport(page)).inbound.map((track) => [track.ssrc, track]));
  let now = await mediaReport(page);
  await until(
    `${video} pictures and ${audio} sounds go on`,
    async () => {
      now = await mediaReport(page);
      const moving = inboundOf(now, 'video').filter(
        (track) => track.framesDecoded >= (before.get(track.ssrc)?.framesDecoded ?? 0) + 20,
      );
      const sounding = inboundOf(now, 'audio').filter(
        (track) => track.audioEnergy > (before.get(track.ssrc)?.audioEnergy ?? 0),
      );
      return moving.length >= video && sounding.length >= audio;
    },
    { describe: () => now, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
  );
}

/**
 * Count the packets of one kind that come while something else takes its time. A track that stops is seen by this, not by
 * a pause of arbitrary length.
 *
 * @param {Page} page
 * @param {'audio' | 'video'} kind
 * @param {() => Promise<unknown>} meanwhile
 */
export async function packetsDuring(page, kind, meanwhile) {
  const count = async () =>
    inboundOf(await mediaReport(page), kind).reduce((sum, track) => sum + track.packets, 0);
  const before = await count();
  await meanwhile();
  return (await count()) - before;
}
