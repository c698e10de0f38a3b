import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Person } from '../../../src/main/commands/person.ts';
import { rosterCommand } from '../../../src/main/commands/roster.ts';
import { readRoster } from '../../../src/record/roster.ts';
import { aSigner, hoursFromNow, writeRoster } from '../../harness/signing.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-roster-command-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the command beside a person who answers with `secrets` in turn; null: nobody is there. */
async function run(args: readonly string[], secrets: readonly string[] | null = null) {
  const result = { output: '', code: 0, told: '' };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  const answers = [...(secrets ?? [])];
  const person: Person = {
    isThere: secrets !== null,
    tell: (text) => {
      result.told += text;
    },
    confirm: async () => false,
    secret: async () => answers.shift() ?? '',
  };
  await rosterCommand(io, person).parseAsync([...args], { from: 'user' });
  return result;
}

const keyFile = () => join(folder, 'key.pem');
const keygen = (more: readonly string[], secrets: readonly string[] | null = null) =>
  run(['keygen', '--name', 'Ada Sample', '--npi', '1234567893', '--out', keyFile(), ...more], secrets);

describe('keygen', () => {
  test.each(['EdDSA', 'ES256'])('%s: an entry to paste, and a private key for one person', async (alg) => {
    const { output, told } = await keygen(['--alg', alg, '--kid', 'ada-1', '--days', '30']);
    const roster = readRoster(`people:\n${output}`, 'pasted');
    const found = roster.find('ada-1') ?? expect.fail('no such key');
    expect(found).toMatchObject({ person: { npi: '1234567893', roles: ['pharmacist'] }, key: { alg } });
    expect(found.key.validUntilMs - found.key.validFromMs).toBe(30 * 86_400_000);
    expect(roster.signer('ada-1', 'pharmacist', [Date.now()])).toMatchObject({ ok: true });

    const pem = readFileSync(keyFile(), 'utf8');
    expect(createPublicKey(createPrivateKey(pem)).equals(found.key.publicKey)).toBe(true);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(told).toContain('without a passphrase');
    expect(output).not.toContain('PRIVATE');
  });

  test('without a kid: one that no other key has; two entries make one roster', async () => {
    const first = await keygen([]);
    const more = ['--role', 'reviewer', '--role', 'pharmacist', '--json'];
    const args = ['keygen', '--name', 'Ben', '--npi', '1245319599', '--out', join(folder, 'ben.pem'), ...more];
    const second = await run(args);
    const { people } = readRoster(`people:\n${first.output}  - ${second.output}`, 'pasted');
    const kids = people.map(({ keys }) => keys[0]?.kid ?? '');
    for (const kid of kids) expect(kid).toMatch(/^[\w-]{16}$/);
    expect(new Set(kids).size).toBe(2);
    expect(people[1]?.roles).toEqual(['reviewer', 'pharmacist']);
  });

  test('with a passphrase from a file, or from the person, twice the same', async () => {
    const passphrase = 'four words in a row';
    const file = join(folder, 'passphrase');
    writeFileSync(file, `${passphrase}\n`, { mode: 0o600 });
    await keygen(['--passphrase-file', file]);
    const opens = (secret: string) => createPrivateKey({ key: readFileSync(keyFile()), passphrase: secret });
    expect(() => opens('something else')).toThrow();
    expect(opens(passphrase).asymmetricKeyType).toBe('ed25519');

    rmSync(keyFile());
    await keygen(['--passphrase'], [passphrase, passphrase]);
    expect(opens(passphrase).type).toBe('private');
  });

  test.each([
    ['a passphrase that is too short', ['--passphrase'], ['short'], /fewer than 12/],
    ['two that differ', ['--passphrase'], ['four words in a row', 'four words in a rox'], /differ/],
    ['nobody to ask', ['--passphrase'], null, /nobody to ask/],
    ['a wrong NPI', ['--npi', '1234567890'], null, /people\.0\.npi: is no NPI/],
    ['a kid that is none', ['--kid', 'a b'], null, /people\.0\.keys\.0\.kid/],
    ['an unknown role', ['--role', 'owner'], null, /"owner" is no role/],
    ['an unknown algorithm', ['--alg', 'RS256'], null, /"RS256"/],
    ['no days', ['--days', '0'], null, /"0" is no number of days/],
  ])('refuses %s and writes nothing', async (_name, more, secrets, message) => {
    await expect(keygen(more, secrets)).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect(() => statSync(keyFile())).toThrow();
  });

  test('never overwrites a key', async () => {
    writeFileSync(keyFile(), 'somebody’s key');
    await expect(keygen([])).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('EEXIST') });
    expect(readFileSync(keyFile(), 'utf8')).toBe('somebody’s key');
  });
});

describe('check', () => {
  const roster = () =>
    writeRoster(
      folder,
      aSigner('Ada'),
      aSigner('Bea', { npi: '1245319599', alg: 'ES256', key: { valid_from: hoursFromNow(1) } }),
      aSigner('Cai', { npi: '1679576722', key: { valid_until: hoursFromNow(-1) } }),
      aSigner('Dot', {
        npi: null,
        roles: ['reviewer'],
        key: { revoked_at: hoursFromNow(-1), revoked_reason: 'card lost' },
      }),
    );

  test('says who may sign until when', async () => {
    const { output, code } = await run(['check', roster()]);
    expect(output.replace(/^.*roster\.yaml/, 'FILE').replaceAll(/20[\dT:.-]+Z/g, 'TIME')).toBe(
      [
        'FILE: valid; people: 4, keys: 4',
        'Ada, NPI 1234567893: pharmacist',
        '  ada-1 (EdDSA) may sign until TIME',
        'Bea, NPI 1245319599: pharmacist',
        '  bea-1 (ES256) may sign from TIME until TIME',
        'Cai, NPI 1679576722: pharmacist',
        '  cai-1 (EdDSA) ended at TIME',
        'Dot: reviewer',
        '  dot-1 (EdDSA) revoked at TIME: card lost',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  });

  test('for programs', async () => {
    const { people, valid } = JSON.parse((await run(['check', roster(), '--json'])).output);
    expect(valid).toBe(true);
    expect(people.map(({ keys }: { keys: { state: string }[] }) => keys[0]?.state)).toEqual([
      'valid',
      'not yet valid',
      'ended',
      'revoked',
    ]);
  });

  test('a roster that cannot be used', async () => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, 'people:\n  - name: Ada\n    roles: []\n');
    await expect(run(['check', file])).rejects.toMatchObject({ code: 'config_invalid', exitCode: 78 });
    const { output, code } = await run(['check', file, '--json']);
    expect(code).toBe(78);
    expect(JSON.parse(output)).toMatchObject({ valid: false, errors: expect.arrayContaining([expect.any(String)]) });
  });
});
