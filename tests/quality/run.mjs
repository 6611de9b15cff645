/**
 * Usage: node tests/quality/run.mjs [SCENARIO...]: measures, and writes docs/quality.md and docs/quality/ anew. Of scenarios that
 * are not named, the samples of last time stay. Needs root, for network namespaces.
 */

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { measure } from './measure.mjs';
import { runInside } from './network.mjs';
import { plot } from './plot.mjs';
import { report } from './report.mjs';
import { SCENARIOS } from './scenarios.mjs';

/** @import { Run } from './types.d.ts' */

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const SAMPLES = join(DOCS, 'quality');

async function main() {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => SCENARIOS.every((scenario) => scenario.name !== name));
  if (unknown.length > 0) {
    console.error(
      `error: there is no ${unknown.join(', ')}; there are ${SCENARIOS.map((it) => it.name).join(', ')}`,
    );
    return 2;
  }
  if (process.geteuid?.() !== 0) {
    console.error('error: the quality runs need root, for network namespaces');
    return 1;
  }
  if (process.env.VIDEOCALL_QUALITY_NAMESPACES === undefined) return runInside();
  await mkdir(SAMPLES, { recursive: true });
  for (const scenario of SCENARIOS) {
    if (named.length > 0 && !named.includes(scenario.name)) continue;
    console.log(`${scenario.title}: ${scenario.seconds} s`);
    const run = { scenario, samples: await measure(scenario) };
    await writeFile(join(SAMPLES, `${scenario.name}.json`), `${JSON.stringify(run)}\n`);
    await writeFile(join(SAMPLES, `${scenario.name}.svg`), plot(run));
  }
  const text = report(
    await everyRun(),
    `The machine has ${cpus().length} cores, shared by both browsers and the server.`,
  );
  await writeFile(join(DOCS, 'quality.md'), text);
  console.log(text.slice(text.indexOf('| test'), text.indexOf('Samples every')));
  return 0;
}

async function everyRun() {
  const files = new Set(await readdir(SAMPLES));
  /** @type {Map<string, Run>} */
  const runs = new Map();
  for (const { name } of SCENARIOS) {
    if (!files.has(`${name}.json`)) continue;
    runs.set(name, JSON.parse(await readFile(join(SAMPLES, `${name}.json`), 'utf8')));
  }
  return runs;
}

process.exitCode = await main();
