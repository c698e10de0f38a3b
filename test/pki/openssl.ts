/** openssl as the other side: what it reads of our certificates, and what it makes for us to read. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { makeAuthority } from '../../src/pki/issue.ts';
import { makeKey } from '../../src/pki/keys.ts';

export const DAY_MS = 86_400_000;
export const NOW_MS = Date.parse('2026-11-25T12:00:00Z');

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder for one test. */
export function scratch(): (name: string, text?: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-pki-'));
  folders.push(folder);
  return (name, text) => {
    const path = join(folder, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
}

/** Output of openssl, both streams; throws when it fails unless `mayFail`. */
export function openssl(args: readonly string[], { mayFail = false, input = '' } = {}): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', input });
  if (status !== 0 && !mayFail) throw new Error(`openssl ${args[0]}: ${stderr}`);
  return stdout + stderr;
}

export async function authority(
  name = 'Lanes of gw-0042',
  validity = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS + 7300 * DAY_MS },
) {
  return await makeAuthority(name, await makeKey('p256'), validity, randomBytes);
}
