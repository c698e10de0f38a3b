import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signingKeyOf, signPublish } from '../../../src/main/commands/lane-sign.ts';
import type { Person } from '../../../src/main/commands/person.ts';
import { checkRecord } from '../../../src/record/check.ts';
import { readRoster } from '../../../src/record/roster.ts';
import { judgeSignatures } from '../../../src/record/signatures.ts';
import { aRecord } from '../../harness/records.ts';
import { aSigner } from '../../harness/signing.ts';

const ada = aSigner('Ada');
const ron = aSigner('Ron', { npi: null, roles: ['reviewer'], alg: 'ES256' });
const roster = readRoster(JSON.stringify({ people: [ada.entry, ron.entry] }), 'roster');

/** Flags about signatures of what is published, where two people must sign. */
function flagsOf(bytes: Buffer): readonly string[] {
  const outcome = checkRecord(bytes, {
    receivedAtMs: Date.now(),
    clock: 'unknown',
    products: null,
    signatures: (record) => judgeSignatures(record, roster, true),
  });
  return outcome.ok ? outcome.record.flags : expect.fail('refused');
}

describe('what goes out', () => {
  test('a Schedule II record is signed, by a second person too', () => {
    const record = Buffer.from(JSON.stringify(aRecord({ schedule: 'c-ii', note: 'ü' }), null, 2));
    const once = signPublish(record, ada);
    expect(flagsOf(once)).toEqual(['second_signature_missing']);
    expect(flagsOf(signPublish(once, ron))).toEqual([]);
  });

  test.each([
    ['another schedule', JSON.stringify(aRecord({ schedule: 'IV' }))],
    ['no JSON', '{"schedule":"II"'],
    ['a member twice', '{"schedule":"II","schedule":"II"}'],
    ['no object', '["II"]'],
  ])('%s goes out as it stands', (_name, text) => {
    expect(signPublish(Buffer.from(text), ada).toString()).toBe(text);
  });
});

describe('the key', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'counterfoil-lane-sign-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const person: Person = {
    isThere: true,
    tell() {},
    confirm: async () => false,
    secret: async () => 'open sesame 123',
  };
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const sealed = () => {
    const form = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame 123' } as const;
    return write('sealed.pem', ada.privateKey.export(form));
  };

  test('is read, its passphrase from a file or the person', async () => {
    expect(await signingKeyOf({}, person)).toBeNull();
    const plain = write('key.pem', ada.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const fromPlain = await signingKeyOf({ signKey: plain, signKid: 'ada-1' }, person);
    expect(fromPlain?.privateKey.equals(ada.privateKey)).toBe(true);
    const asked = await signingKeyOf({ signKey: sealed(), signKid: 'ada-1' }, person);
    expect(asked).toMatchObject({ kid: 'ada-1' });
    const file = write('passphrase', 'open sesame 123\n');
    const nobody = { ...person, isThere: false };
    const fromFile = await signingKeyOf({ signKey: sealed(), signKid: 'a', signPassphraseFile: file }, nobody);
    expect(fromFile?.privateKey.equals(ada.privateKey)).toBe(true);
  });

  test('and its kid belong together', async () => {
    for (const half of [{ signKey: sealed() }, { signKid: 'ada-1' }]) {
      await expect(signingKeyOf(half, person)).rejects.toMatchObject({ exitCode: 2 });
    }
  });
});
