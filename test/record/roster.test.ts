import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { CounterfoilError } from '../../src/base/errors.ts';
import { readRoster } from '../../src/record/roster.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const ed25519 = () => generateKeyPairSync('ed25519').publicKey;
const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

const year = { valid_from: '2026-01-01T00:00:00Z', valid_until: '2027-01-01T00:00:00Z' };
const keyOf = (kid: string, more: object = {}) => ({ kid, public_key: pem(ed25519()), ...year, ...more });
const ada = { name: 'Ada Sample', npi: '1234567893', roles: ['pharmacist'], keys: [keyOf('ada-1')] };
const bob = { name: 'Bob Sample', roles: ['reviewer'], keys: [keyOf('bob-1')] };

const rosterOf = (...people: readonly object[]) => readRoster(stringify({ people }), 'roster.yaml');

function problemsOf(text: string): string[] {
  try {
    readRoster(text, 'roster.yaml');
  } catch (error) {
    expect(error).toMatchObject({
      code: 'config_invalid',
      exitCode: 78,
      hint: expect.stringContaining('roster check'),
    });
    return (error as CounterfoilError).message.split('\n');
  }
  return [];
}
const problems = (...people: readonly object[]) => problemsOf(stringify({ people }));

const at = (text: string): number => Date.parse(text);

describe('who may sign', () => {
  const key = keyOf('ada-2', { revoked_at: '2026-06-01T00:00:00Z', revoked_reason: 'card lost' });
  const roster = rosterOf({ ...ada, keys: [...ada.keys, key] }, bob);

  test('the holder of a key, within its dates, in the role asked for', () => {
    const answer = roster.signer('ada-1', 'pharmacist', [at('2026-01-01T00:00:00Z'), at('2026-12-31T23:59:59.999Z')]);
    expect(answer).toMatchObject({ ok: true, person: { printedName: 'Ada Sample', npi: '1234567893' } });
    expect(roster.signer('bob-1', null, [at('2026-03-01T00:00:00Z')])).toMatchObject({ person: { npi: null } });
  });

  test.each([
    ['nobody-1', 'pharmacist', '2026-03-01T00:00:00Z', 'unknown_key'],
    ['bob-1', 'pharmacist', '2026-03-01T00:00:00Z', 'wrong_role'],
    ['ada-1', 'pharmacist', '2025-12-31T23:59:59.999Z', 'not_yet_valid'],
    ['ada-1', 'pharmacist', '2027-01-01T00:00:00Z', 'expired'],
    ['ada-2', 'pharmacist', '2026-06-01T00:00:00Z', 'revoked'],
  ] as const)('%s as %s at %s: %s', (kid, role, time, fault) => {
    expect(roster.signer(kid, role, [at(time)])).toEqual({ ok: false, fault });
    expect(roster.signer(kid, role, [at('2026-03-01T00:00:00Z'), at(time)])).toEqual({ ok: false, fault });
  });

  test('a revoked key may have signed before', () => {
    expect(roster.signer('ada-2', 'pharmacist', [at('2026-05-31T23:59:59Z')])).toMatchObject({ ok: true });
  });
});

describe('what may stand in it', () => {
  test('JWK of both types, PEM of both types, JSON', () => {
    const keys = [
      { kid: 'a', jwk: ed25519().export({ format: 'jwk' }), ...year },
      { kid: 'b', jwk: { ...p256().export({ format: 'jwk' }), kid: 'b', alg: 'ES256', use: 'sig' }, ...year },
      { kid: 'c', public_key: pem(p256()), ...year },
    ];
    const roster = readRoster(JSON.stringify({ people: [{ ...ada, keys }] }), 'roster.json');
    expect(roster.people[0]?.keys.map(({ kid, alg }) => [kid, alg])).toEqual([
      ['a', 'EdDSA'],
      ['b', 'ES256'],
      ['c', 'ES256'],
    ]);
  });

  test('every problem is said with its place and the remedy', () => {
    const text = [
      'people:',
      '  - name: Ada Sample',
      '    npi: 1234567893',
      '    roles: [pharmacy]',
      '    keys:',
      '      - kid: a b',
      '        valid_from: 2026-02-30T00:00:00Z',
      '        valid_untl: 2027-01-01T00:00:00Z',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      'roster.yaml:3:10: people.0.npi: is a number to YAML, not text; put it in quotes: "1234567893"',
      'roster.yaml:4:13: people.0.roles.0: "pharmacy" cannot be used; write pharmacist or reviewer',
      expect.stringMatching(/^roster.yaml:6:9: people.0.keys.0.valid_until: is missing; write an RFC 3339 time/),
      'roster.yaml:6:14: people.0.keys.0.kid: "a b" cannot be used; write 1 to 128 characters of A-Z a-z 0-9 . _ ~ -',
      expect.stringMatching(
        /^roster.yaml:7:21: people.0.keys.0.valid_from: "2026-02-30T00:00:00Z" cannot be used; write/,
      ),
      'roster.yaml:8:9: people.0.keys.0.valid_untl: no such key; did you mean valid_until?',
    ]);
  });

  const key = keyOf('ada-1');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  test.each([
    ['a pharmacist without NPI', [{ ...ada, npi: undefined }], /people\.0\.npi: is missing/],
    ['a wrong NPI', [{ ...ada, npi: '1234567890' }], /npi: is no NPI/],
    ['a kid twice', [ada, { ...bob, keys: [keyOf('ada-1')] }], /people\.1\.keys\.0\.kid: stands twice/],
    [
      'a key twice',
      [
        { ...ada, keys: [key] },
        { ...bob, keys: [{ ...key, kid: 'b' }] },
      ],
      /public_key: stands twice/,
    ],
    ['a person twice', [ada, { ...bob, name: 'ADA SAMPLE' }], /people\.1\.name: stands twice/],
    ['an NPI twice', [ada, { ...bob, npi: ada.npi }], /people\.1\.npi: stands twice/],
    [
      'an end before the beginning',
      [{ ...ada, keys: [keyOf('a', { valid_until: year.valid_from })] }],
      /valid_until: is not after/,
    ],
    ['an RSA key', [{ ...ada, keys: [keyOf('a', { public_key: pem(rsa) })] }], /public_key: is a key of a type nobody/],
    ['text that is no key', [{ ...ada, keys: [keyOf('a', { public_key: 'x' })] }], /public_key: is no public key/],
    ['no key', [{ ...ada, keys: [keyOf('a', { public_key: undefined })] }], /public_key: is missing/],
    [
      'two keys in one',
      [{ ...ada, keys: [keyOf('a', { jwk: ed25519().export({ format: 'jwk' }) })] }],
      /jwk: stands beside/,
    ],
    [
      'a revocation without reason',
      [{ ...ada, keys: [keyOf('a', { revoked_at: year.valid_from })] }],
      /revoked_reason: is missing/,
    ],
    [
      'a reason without revocation',
      [{ ...ada, keys: [keyOf('a', { revoked_reason: 'left' })] }],
      /revoked_at: is missing/,
    ],
    ['nobody', [], /people: a list cannot be used; write at least one person/],
  ] as const)('%s is refused', (_name, people, expected) => {
    expect(problems(...people)).toEqual([expect.stringMatching(expected)]);
  });

  test('a private key is refused and not repeated', () => {
    const pair = generateKeyPairSync('ed25519');
    const secret = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwk = pair.privateKey.export({ format: 'jwk' });
    const lines = [
      ...problems({ ...ada, keys: [keyOf('a', { public_key: secret })] }),
      ...problems({ ...ada, keys: [keyOf('a', { public_key: undefined, jwk })] }),
      ...problems({
        ...ada,
        keys: [keyOf('a', { public_key: undefined, jwk: { ...jwk, x: `${jwk.d}=`, d: undefined } })],
      }),
    ].join('\n');
    expect(lines).toMatch(/public_key: is a private key/);
    expect(lines).toMatch(/jwk\.d: no such key/);
    expect(lines).toMatch(/jwk\.x: this value cannot be used/);
    expect(lines).not.toContain(jwk.d);
    expect(lines).not.toContain(secret.split('\n')[1]);
  });

  test('a certificate is no key, an empty file no roster', () => {
    expect(
      problems({ ...ada, keys: [keyOf('a', { public_key: '-----BEGIN CERTIFICATE-----\nAAAA\n' })] }),
    ).toHaveLength(1);
    expect(problemsOf('')).toEqual([
      'roster.yaml:1:1: people: is missing; write a list, each item with name, roles and keys',
    ]);
    expect(problemsOf('people: [')[0]).toMatch(/^roster.yaml:1:10: not YAML/);
  });
});
