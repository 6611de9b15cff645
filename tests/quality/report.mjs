/** docs/quality.md: the figures beside their goals, also where a goal is missed. */

import { ofCliff, ofLoss, ofOutage } from './figures.mjs';

/** @import { Run } from './types.d.ts' */

/** Fraction of the clean run's frames, frozen seconds a minute, audio concealed beyond the clean run's own. */
const LOSS_GOALS = /** @type {const} */ ([
  [5, 0.95, 0, 0.005],
  [10, 0.95, 0, 0.01],
  [20, 0.9, 1, 0.03],
  [30, 0.75, 3, 0.06],
]);

/** @param {number} fraction */
const percent = (fraction) => `${(100 * fraction).toFixed(1)} %`;

/**
 * @param {string} test
 * @param {string} goal
 * @param {string} figure
 * @param {boolean} met
 */
const row = (test, goal, figure, met) => `| ${test} | ${goal} | ${figure} | ${met ? 'met' : '**missed**'} |`;

/**
 * @param {Map<string, Run>} runs by the scenario's name
 * @returns {string[]} rows of a table
 */
export function rows(runs) {
  const found = [];
  const cleanRun = runs.get('loss-0');
  const clean = cleanRun && ofLoss(cleanRun);
  if (clean) {
    for (const [loss, fps, frozen, concealed] of LOSS_GOALS) {
      const run = runs.get(`loss-${loss}`);
      if (!run) continue;
      const got = ofLoss(run);
      const test = `downlink loss ${loss} %`;
      const share = got.fps / clean.fps;
      const beyond = Math.max(0, got.concealed - clean.concealed);
      const rate = `${got.fps.toFixed(1)} of ${clean.fps.toFixed(1)} fps (${percent(share)})`;
      found.push(row(test, `>= ${percent(fps)} of the clean rate`, rate, share >= fps));
      const still = `${got.frozenPerMinute.toFixed(1)} s a minute`;
      found.push(row(test, `frozen <= ${frozen} s a minute`, still, got.frozenPerMinute <= frozen + 0.05));
      found.push(row(test, `audio concealed <= ${percent(concealed)}`, percent(beyond), beyond <= concealed));
    }
  }
  const cliff = runs.get('cliff');
  if (cliff) {
    const test = 'cliff 2 Mbit/s to 300 kbit/s';
    const got = ofCliff(cliff);
    found.push(row(test, 'frozen <= 1 s', `${got.frozen.toFixed(1)} s`, got.frozen <= 1));
    const queue = `${Math.round(got.queueMsAfter3s)} ms`;
    found.push(row(test, 'queue <= 300 ms after 3 s', queue, got.queueMsAfter3s <= 300));
    const goodput = percent(got.goodput);
    found.push(row(test, 'goodput >= 70 % of the link', goodput, got.goodput >= 0.7));
    const back = got.backAfter === null ? 'not within 20 s' : `${got.backAfter.toFixed(1)} s`;
    const title = `link returns (${got.heightDuring} to ${got.heightBefore} lines)`;
    found.push(row(title, 'top layer within 10 s', back, got.backAfter !== null && got.backAfter <= 10));
  }
  const outage = runs.get('outage');
  if (outage) {
    const { backAfter } = ofOutage(outage);
    const figure = backAfter === null ? 'not again' : `${backAfter.toFixed(1)} s`;
    found.push(
      row('link down for 4 s', 'media <= 1 s after it', figure, backAfter !== null && backAfter <= 1),
    );
  }
  return found;
}

/**
 * @param {Map<string, Run>} runs
 * @param {string} machine
 * @returns {string}
 */
export function report(runs, machine) {
  const pictures = [...runs.values()].map(
    ({ scenario }) => `### ${scenario.title}\n\n![${scenario.title}](quality/${scenario.name}.svg)\n`,
  );
  return `# Quality on bad networks

Made by \`make quality\`, which measures anew: Chromium to server to Chromium, 640x360 at 20 frames a second with moving content,
60 ms from browser to browser and back. The subscriber's media goes through \`rust/relay\`, the tests' seeded network between real
sockets. What is counted begins after 10 s. ${machine}

| test | goal | measured | |
|---|---|---|---|
${rows(runs).join('\n')}

Samples every half second, as JSON: [quality/](quality). A browser's own statistics say what was decoded, frozen and concealed
(\`totalFreezesDuration\`, \`concealedSamples\`); the relay says how long its queue is; the server says what it takes the link for.

${pictures.join('\n')}`;
}
