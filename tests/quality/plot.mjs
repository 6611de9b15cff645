/** A run as a picture: three strips over the same time, as SVG. */

/** @import { Run, Sample } from './types.d.ts' */

const [WIDTH, STRIP, LEFT, TOP, GAP] = [720, 90, 64, 30, 26];

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {string} colour
 * @property {(before: Sample, after: Sample) => number | null} value between two samples
 */

/** @type {{ unit: string, lines: Line[] }[]} */
const STRIPS = [
  {
    unit: 'frames/s',
    lines: [
      { name: 'decoded', colour: '#1b6ac9', value: (a, b) => rate(a, b, 'framesDecoded') },
      { name: 'sent', colour: '#9aa5b1', value: (a, b) => rate(a, b, 'framesSent') },
    ],
  },
  {
    unit: 'kbit/s',
    lines: [
      { name: 'video received', colour: '#1b6ac9', value: (a, b) => (8 * rate(a, b, 'videoBytes')) / 1000 },
      {
        name: 'estimate',
        colour: '#c9681b',
        value: (_, b) => (b.estimate === null ? null : b.estimate / 1000),
      },
    ],
  },
  {
    unit: 'queue ms, height px',
    lines: [
      { name: 'queue', colour: '#b3261e', value: (_, b) => b.queueMs },
      { name: 'height', colour: '#2e7d32', value: (_, b) => b.frameHeight },
    ],
  },
];

/**
 * @param {Sample} before
 * @param {Sample} after
 * @param {'framesDecoded' | 'framesSent' | 'videoBytes'} total
 */
function rate(before, after, total) {
  return Math.max(0, after[total] - before[total]) / (after.at - before.at);
}

/** @param {Run} run */
export function plot({ scenario, samples }) {
  const height = TOP + STRIPS.length * (STRIP + GAP);
  const x = (/** @type {number} */ at) => LEFT + (at / scenario.seconds) * (WIDTH - LEFT - 16);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="18" font-size="13">${scenario.title}</text>`,
  ];
  STRIPS.forEach(({ unit, lines }, index) => {
    const bottom = TOP + index * (STRIP + GAP) + STRIP;
    const series = lines.map(({ value }) =>
      samples.slice(1).map((sample, before) => {
        const found = value(/** @type {Sample} */ (samples[before]), sample);
        return /** @type {const} */ ([sample.at, found]);
      }),
    );
    const values = series.flat().map(([, value]) => value ?? 0);
    // An estimate of an idle link can be far above what is used: the strip shows what is used in full.
    const used = Math.max(1, ...(series[0] ?? []).map(([, value]) => value ?? 0));
    const most = Math.min(Math.max(1, ...values), 3 * used);
    const y = (/** @type {number} */ value) => bottom - (Math.min(value, most) / most) * (STRIP - 8);
    parts.push(`<line x1="${LEFT}" y1="${bottom}" x2="${WIDTH - 16}" y2="${bottom}" stroke="#ccc"/>`);
    parts.push(`<text x="${LEFT - 6}" y="${bottom}" text-anchor="end">0</text>`);
    parts.push(
      `<text x="${LEFT - 6}" y="${bottom - STRIP + 14}" text-anchor="end">${Math.round(most)}</text>`,
    );
    parts.push(`<text x="${LEFT}" y="${bottom + 15}" fill="#555">${unit}</text>`);
    lines.forEach(({ name, colour }, line) => {
      const points = (series[line] ?? [])
        .filter(([, value]) => value !== null)
        .map(([at, value]) => `${x(at).toFixed(1)},${y(value ?? 0).toFixed(1)}`);
      parts.push(
        `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.join(' ')}"/>`,
      );
      const at = LEFT + 150 + line * 130;
      parts.push(`<text x="${at}" y="${bottom + 15}" fill="${colour}">${name}</text>`);
    });
    for (const step of scenario.steps.slice(1)) {
      const at = x(step.at).toFixed(1);
      parts.push(
        `<line x1="${at}" y1="${bottom - STRIP}" x2="${at}" y2="${bottom}" stroke="#999" stroke-dasharray="3 3"/>`,
      );
    }
  });
  return [...parts, '</svg>', ''].join('\n');
}
