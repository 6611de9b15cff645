/** What runs in the browsers, before the page's own scripts. */

/**
 * Give the page a camera that needs a real rate (640x360, 20 frames a second, moving noise) and a microphone that never falls
 * silent: the browser's fake devices need little, and its beeps hide what is concealed between them.
 */
export function bringDevices() {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  let frame = 0;
  setInterval(() => {
    frame += 1;
    context.fillStyle = `hsl(${frame % 360} 40% 50%)`;
    context.fillRect(0, 0, 640, 360);
    for (let index = 0; index < 120; index += 1) {
      const angle = frame / 15 + index;
      context.fillStyle = `hsl(${(index * 37 + frame * 3) % 360} 70% ${30 + (index % 5) * 10}%)`;
      context.fillRect(
        320 + Math.cos(angle) * (20 + index * 2.4),
        180 + Math.sin(angle * 1.3) * (20 + index * 1.3),
        14 + (index % 7) * 4,
        10 + (index % 5) * 4,
      );
    }
  }, 50);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const tracks = [];
    if (constraints?.video) tracks.push(...canvas.captureStream(20).getVideoTracks());
    if (constraints?.audio) {
      const audio = new AudioContext();
      const out = audio.createMediaStreamDestination();
      const [voice, sway, depth] = [audio.createOscillator(), audio.createOscillator(), audio.createGain()];
      voice.type = 'sawtooth';
      voice.frequency.value = 180;
      sway.frequency.value = 4;
      depth.gain.value = 60;
      sway.connect(depth).connect(voice.frequency);
      voice.connect(out);
      voice.start();
      sway.start();
      await audio.resume();
      tracks.push(...out.stream.getAudioTracks());
    }
    return new MediaStream(tracks);
  };
}

/** Let `__serverStats()` ask the server about the transport that this page receives on, over the page's own socket. */
export function askTheServer() {
  const Native = window.WebSocket;
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {string | undefined} */
  let receiving;
  const asked = new Set();
  const waiting = new Map();
  let next = 4_000_000_000;
  const remember = (/** @type {WebSocket} */ made) => (socket = made);
  class Watched extends Native {
    /** @param {ConstructorParameters<typeof WebSocket>} given */
    constructor(...given) {
      super(...given);
      remember(this);
      this.addEventListener('message', (event) => {
        const message = JSON.parse(String(event.data));
        if (message.response !== true) return;
        if (asked.delete(message.id)) receiving = message.data?.id;
        waiting.get(message.id)?.(message.data);
        if (waiting.delete(message.id)) event.stopImmediatePropagation();
      });
    }
    /** @param {any} text */
    send(text) {
      const message = JSON.parse(text);
      if (message.method === 'createWebRtcTransport' && message.data?.direction === 'recv')
        asked.add(message.id);
      super.send(text);
    }
  }
  window.WebSocket = Watched;
  const serverStats = () =>
    new Promise((resolve) => {
      if (receiving === undefined) {
        resolve(undefined);
        return;
      }
      const id = (next += 1);
      waiting.set(id, (/** @type {{ stats?: unknown[] } | undefined} */ data) => resolve(data?.stats?.[0]));
      setTimeout(resolve, 2000);
      const request = { request: true, id, method: 'getStats', data: { transportId: receiving } };
      socket?.send(JSON.stringify(request));
    });
  Object.assign(window, { __serverStats: serverStats });
}

/** @returns {Promise<Record<string, number | null>>} totals of all that is received, and the server's estimate */
export async function receivedSoFar() {
  /** @type {RTCPeerConnection[]} */
  const connections = Reflect.get(window, '__peerConnections');
  const sum = {
    framesDecoded: 0,
    freezeCount: 0,
    frozenSeconds: 0,
    frameHeight: 0,
    videoBytes: 0,
    retransmittedBytes: 0,
    concealedSamples: 0,
    audioSamples: 0,
  };
  for (const connection of connections.filter((it) => it.connectionState !== 'closed')) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== 'inbound-rtp') continue;
      if (entry.kind === 'video') {
        sum.framesDecoded += Number(entry.framesDecoded ?? 0);
        sum.freezeCount += Number(entry.freezeCount ?? 0);
        sum.frozenSeconds += Number(entry.totalFreezesDuration ?? 0);
        sum.frameHeight = Math.max(sum.frameHeight, entry.frameHeight ?? 0);
        sum.videoBytes += Number(entry.bytesReceived ?? 0);
        sum.retransmittedBytes += Number(entry.retransmittedBytesReceived ?? 0);
      } else {
        sum.concealedSamples += Number(entry.concealedSamples ?? 0);
        sum.audioSamples += Number(entry.totalSamplesReceived ?? 0);
      }
    }
  }
  const server = await Reflect.get(window, '__serverStats')();
  return { ...sum, estimate: server?.availableOutgoingBitrate ?? null };
}

/** @returns {Promise<{ framesSent: number, layers: number[] }>} of the camera */
export async function sentSoFar() {
  /** @type {RTCPeerConnection[]} */
  const connections = Reflect.get(window, '__peerConnections');
  const sent = { framesSent: 0, layers: /** @type {number[]} */ ([]) };
  for (const connection of connections.filter((it) => it.connectionState !== 'closed')) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== 'outbound-rtp' || entry.kind !== 'video') continue;
      sent.framesSent = Math.max(sent.framesSent, entry.framesSent ?? 0);
      if (entry.active !== false && entry.frameHeight) sent.layers.push(entry.frameHeight);
    }
  }
  sent.layers.sort((a, b) => a - b);
  return sent;
}
