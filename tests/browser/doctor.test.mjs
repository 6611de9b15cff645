/** `videocall doctor` where something is in the way of media. Run by `in_namespaces.mjs`. */

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { VIDEOCALL } from './harness/server.mjs';

assert.ok(process.env.VIDEOCALL_SERVER_NAMESPACE, 'run this file by in_namespaces.mjs');

/**
 * @param {string} directory
 * @returns {Promise<{ status: number, calls: { level: string, found: string, mend: string | null }[] }>}
 */
async function doctor(directory) {
  const flags = [
    '--json',
    '--rtc-port',
    '0',
    '--port',
    '0',
    '--rtc-address',
    '127.0.0.1',
    '--data-dir',
    directory,
  ];
  const ran = await promisify(execFile)(VIDEOCALL, ['doctor', ...flags]).then(
    ({ stdout }) => ({ status: 0, stdout }),
    (/** @type {{ code: number, stdout: string }} */ error) => ({ status: error.code, stdout: error.stdout }),
  );
  /** @type {{ findings: { check: string, level: string, found: string, mend: string | null }[] }} */
  const report = JSON.parse(ran.stdout);
  return { status: ran.status, calls: report.findings.filter((finding) => finding.check === 'call') };
}

test('a firewall that swallows UDP is found by the call that does not come about', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'videocall-doctor-'));
  t.after(() => rm(directory, { recursive: true }));
  const before = await doctor(directory);
  assert.equal(before.status, 0);
  assert.deepEqual(
    before.calls.map((finding) => finding.level),
    ['ok'],
  );

  const nft = (/** @type {string} */ rules) => execFileSync('nft', ['-f', '-'], { input: rules });
  nft(`table inet wall {
    chain input {
      type filter hook input priority 0
      meta l4proto udp drop
    }
  }`);
  t.after(() => nft('delete table inet wall'));
  const after = await doctor(directory);
  assert.equal(after.status, 1);
  assert.deepEqual(
    after.calls.map((finding) => finding.level),
    ['failure'],
  );
  assert.match(after.calls[0]?.found ?? '', /no call on 127\.0\.0\.1: nothing more within 5 s \(ice\)/);
  assert.match(after.calls[0]?.mend ?? '', /firewall/);
});
