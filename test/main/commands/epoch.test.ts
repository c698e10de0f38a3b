/** `counterfoil epoch open` up to the act itself; what follows for tills and PMS is in test/whole. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { CounterfoilError } from '../../../src/base/errors.ts';
import { openBuffer } from '../../../src/buffer/open.ts';
import { epochCommand } from '../../../src/main/commands/epoch.ts';
import type { Person } from '../../../src/main/commands/person.ts';
import { type TestRoster, writeRoster } from '../../harness/roster.ts';

let folder = '';
let config = '';
let roster: TestRoster;
const heard: string[] = [];
const buffer = () =>
  openBuffer({
    dataDir: join(folder, 'data'),
    gatewayId: 'gw-0042',
    clock: systemClock,
    onFatal: (error) => {
      throw error;
    },
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cf-epoch-'));
  roster = writeRoster(folder);
  config = join(folder, 'gateway.yaml');
  writeFileSync(config, `gateway: {store: "0042"}\nschedule_two: {roster_file: ${roster.file}}\n`);
  heard.length = 0;
  await (await buffer()).close();
});
afterEach(() => rmSync(folder, { recursive: true }));

const person = (says: boolean): Person => ({
  isThere: true,
  tell: (text) => heard.push(text),
  confirm: async () => says,
  secret: async () => '',
});

async function open(args: readonly string[], says = true): Promise<string> {
  let output = '';
  const io = {
    env: {},
    write: (text: string) => {
      output += text;
    },
    exitWith: () => {},
  };
  const base = ['open', '--config', config, '--reason', 'new_pms', '--meaning', 'another PMS'];
  try {
    await epochCommand(io, person(says)).parseAsync([...base, ...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CounterfoilError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return output;
}

async function presentEpoch(): Promise<string> {
  const opened = await buffer();
  await opened.close();
  return opened.epoch;
}

const by = ({ kid, keyFile }: { kid: string; keyFile: string }) => ['--kid', kid, '--key', keyFile];

test('asks, signs, and says which epoch follows which', async () => {
  const before = await presentEpoch();
  const said = await open(by(roster.rita));
  const after = await presentEpoch();
  expect(said).toBe(
    `epoch ${after} follows ${before}; 0 records have new numbers\nStart the gateway: tills send again what they keep.\n`,
  );
  expect(after).not.toBe(before);
  expect(heard[0]).toBe('Rita Reviewer (key rita) signs: open a new epoch of gw-0042\nmeaning: another PMS\n');
});

test('changes nothing when it may not, or the person says no', async () => {
  const before = await presentEpoch();
  expect(await open(by(roster.rita), false)).toBe('usage: not confirmed');
  expect(await open([...by(roster.rita), '--reason', 'New PMS'])).toBe('usage: "New PMS" is no reason');
  expect(await open([...by(roster.rita), '--meaning', 'two\nlines'])).toBe('usage: this cannot be signed');
  expect(await open(by(roster.paul))).toMatch(/^review_refused: this key may not sign this: its holder/);
  expect(await open(by(roster.stranger))).toBe('review_refused: the roster does not have this key');
  expect(await open(['--kid', 'rita', '--key', roster.stranger.keyFile])).toMatch(/not this key’s over this statement/);
  const running = await buffer();
  expect(await open(by(roster.rita))).toMatch(/^buffer_locked/);
  await running.close();
  expect(await presentEpoch()).toBe(before);
});

test('takes no key that is none of the two kinds', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyFile = join(folder, 'rsa.pem');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  expect(await open(['--kid', 'rita', '--key', keyFile])).toMatch(/^usage: .* is a key of another kind/);
  writeFileSync(keyFile, 'no key', { mode: 0o600 });
  expect(await open(['--kid', 'rita', '--key', keyFile])).toMatch(/^usage: .* is no private key/);
});
