import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { canonicalText } from '../../src/record/canonical.ts';
import { type CheckContext, checkRecord } from '../../src/record/check.ts';
import { readRoster } from '../../src/record/roster.ts';
import { judgeSignatures } from '../../src/record/signatures.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { aSigner, opensslVerifies, type Signer, signatureOf } from '../harness/signing.ts';
import { bytesOf, context, least, type Members } from './sample.ts';

const DAY_MS = 86_400_000;
const day = (days: number): string => new Date(context.receivedAtMs + days * DAY_MS).toISOString();
const year = { valid_from: day(-100), valid_until: day(100) };
const secondNpi = '1245319599';
const OTHER = { npi: secondNpi, key: year };

const ada = aSigner('Ada', { key: year });
const eve = aSigner('Eve', { ...OTHER, alg: 'ES256' });
const ron = aSigner('Ron', { npi: null, roles: ['reviewer'], key: year });
const people = [ada, eve, ron];

const rosterOf = (...signers: readonly Signer[]) =>
  readRoster(JSON.stringify({ people: signers.map(({ entry }) => entry) }), 'roster');

const two: Members & { idempotency_key: string } = { ...least, idempotency_key: 'two-000001', schedule: 'CII' };

interface Question {
  readonly roster?: ReturnType<typeof rosterOf> | null;
  readonly secondSigner?: boolean;
  readonly circumstances?: Partial<CheckContext>;
}

/** Flags about signatures, and the notes that belong to them. */
function judged(record: object, { roster = rosterOf(...people), secondSigner = false, circumstances }: Question = {}) {
  const outcome = checkRecord(bytesOf(record), {
    ...context,
    signatures: (signed) => judgeSignatures(signed, roster, secondSigner),
    ...circumstances,
  });
  if (!outcome.ok) expect.fail('refused');
  const flags = outcome.record.flags.filter((flag) => flag.includes('signature'));
  return { flags, notes: outcome.notes.map(({ code, field, message }) => `${code} ${field} ${message}`) };
}

const flagsOf = (record: object, question?: Question) => judged(record, question).flags;
const by = (...signers: readonly Signer[]) => ({ ...two, signatures: signers.map((one) => signatureOf(two, one)) });

describe('the dispensing pharmacist', () => {
  test('has signed: nothing to say', () => {
    expect(judged(by(ada))).toEqual({ flags: [], notes: [] });
  });

  test('with P-256 too, whatever the order and spacing of the JSON', () => {
    const record = { ...two, pharmacist_npi: secondNpi };
    const mixed = { signatures: [signatureOf(record, eve)], zz: undefined, ...record };
    expect(judged(mixed).flags).toEqual([]);
  });

  test('signs unknown members and every value too', () => {
    for (const change of [{ quantity: 31 }, { till_note: 'x' }, { schedule: 'II' }]) {
      expect(flagsOf({ ...by(ada), ...change })).toEqual(['signature_invalid']);
    }
  });

  test('has not signed', () => {
    expect(judged(two).flags).toEqual(['signature_missing']);
    expect(judged({ ...two, signatures: [] }).notes).toEqual([
      expect.stringMatching(/^signature_missing signatures the/),
    ]);
  });

  test('is not the one who has signed', () => {
    expect(judged(by(eve)).notes).toEqual([expect.stringMatching(/^signature_invalid signatures no signature is by/)]);
    // Somebody on the roster without the role, even under the right number.
    const clerk = aSigner('Clerk', { roles: ['reviewer'], key: year });
    expect(flagsOf(by(clerk), { roster: rosterOf(clerk) })).toEqual(['signature_invalid']);
  });
});

describe('a signature that does not count', () => {
  const [good] = by(ada).signatures as [{ protected: string; signature: string }];
  const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([
    ['of another record', { ...by(ada), idempotency_key: 'two-000002' }, /not over this record/],
    ['of a key nobody has', by(aSigner('Zoe', { key: year })), /not on the store's roster/],
    ["under somebody else's kid", by({ ...eve, kid: ada.kid }), /not over this record/],
    ['with an unprotected header', { ...two, signatures: [{ ...good, header: {} }] }, /is none/],
    ['in compact form', { ...two, signatures: [{ jws: `${good.protected}..${good.signature}` }] }, /is none/],
    ['with members of other types', { ...two, signatures: [{ protected: 1, signature: 2 }] }, /is none/],
    [
      'with alg none',
      { ...two, signatures: [{ ...good, protected: header({ alg: 'none', kid: ada.kid }) }] },
      /is none/,
    ],
    ['empty', { ...two, signatures: [{}] }, /is none/],
  ])('%s', (_name, record, message) => {
    const { flags, notes } = judged(record);
    expect(flags).toEqual(['signature_invalid']);
    expect(notes).toEqual([expect.stringMatching(message)]);
  });

  test('beside a good one is said all the same', () => {
    expect(flagsOf({ ...two, signatures: [good, {}] })).toEqual(['signature_invalid']);
  });

  test('without a roster: none counts', () => {
    expect(flagsOf(by(ada), { roster: null })).toEqual(['signature_invalid']);
    expect(flagsOf(two, { roster: null })).toEqual(['signature_missing']);
  });

  test('whatever its members hold: one flag, and nothing thrown', () => {
    const text = fc.oneof(fc.string(), fc.constant(good.protected), fc.constant(good.signature), fc.base64String());
    const element = fc.oneof(fc.record({ protected: text, signature: text }), fc.object({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 8 }), (signatures) => {
        const sent = JSON.parse(JSON.stringify(signatures));
        const isGood = sent.every((each: object) => JSON.stringify(each) === JSON.stringify(good));
        expect(flagsOf({ ...two, signatures: sent })).toEqual(isGood ? [] : ['signature_invalid']);
      }),
    );
  });

  test('nothing is asked of other schedules', () => {
    expect(flagsOf({ ...least, signatures: [{}] })).toEqual([]);
  });
});

describe('when the key was good', () => {
  // Dispensed a minute before it arrives.
  const at = (minutes: number): string => new Date(context.receivedAtMs + minutes * 60_000).toISOString();
  const keyed = (key: Record<string, string>) => aSigner('Ada', { key: { ...year, ...key } });
  const revoked = (when: string) => ({ revoked_at: when, revoked_reason: 'lost' });
  const flags = (key: Record<string, string>, circumstances?: Partial<CheckContext>) => {
    const signer = keyed(key);
    return flagsOf(by(signer), { roster: rosterOf(signer), ...(circumstances && { circumstances }) });
  };

  test.each([
    ['from the moment of dispensing on', { valid_from: at(-1) }, []],
    ['not yet when it was dispensed', { valid_from: at(-0.5) }, ['signature_invalid']],
    ['no longer when it was dispensed', { valid_until: at(-1) }, ['signature_invalid']],
    ['when it was dispensed, no longer when it arrived', { valid_until: at(-0.5) }, ['signature_invalid']],
    ['until after it arrived', { valid_until: at(0.5) }, []],
    ['revoked before', revoked(at(-2)), ['signature_invalid']],
    ['revoked between', revoked(at(-0.5)), ['signature_invalid']],
    ['revoked later', revoked(at(0.5)), []],
  ] as const)('%s', (_name, key, expected) => {
    expect(flags(key)).toEqual(expected);
  });

  test("a gateway that does not know the time goes by the lane's alone", () => {
    const lost = { receivedAtMs: 0, clock: 'unsynchronised' } as const;
    expect(flags({}, lost)).toEqual([]);
    expect(flags({ valid_until: at(-0.5) }, lost)).toEqual([]);
    expect(flags({ valid_until: at(-2) }, lost)).toEqual(['signature_invalid']);
    expect(flags({}, { receivedAtMs: 0 })).toEqual(['signature_invalid']);
  });
});

describe('a second person', () => {
  const question = { secondSigner: true };

  test('has signed too: whoever is on the roster, in either order', () => {
    expect(flagsOf(by(ada, ron), question)).toEqual([]);
    expect(flagsOf(by(eve, ada), question)).toEqual([]);
  });

  test('has not, though the first did so twice, with two keys', () => {
    const second = { ...ada, kid: 'ada-2', privateKey: aSigner('x').privateKey };
    expect(flagsOf(by(ada), question)).toEqual(['second_signature_missing']);
    expect(flagsOf(by(ada, ada), question)).toEqual(['second_signature_missing']);
    expect(flagsOf(by(ada, second), question)).toEqual(['signature_invalid', 'second_signature_missing']);
  });

  test('alone is not enough', () => {
    expect(flagsOf(by(ron), question)).toEqual(['signature_invalid']);
    expect(flagsOf(two, question)).toEqual(['signature_missing', 'second_signature_missing']);
  });

  test('need not sign where the store does not ask', () => {
    expect(flagsOf(by(ada))).toEqual([]);
  });
});

interface Vectors {
  readonly keys: readonly { kid: string; alg: string; public_key: string; jwk: object }[];
  readonly signed: readonly {
    record: Members;
    signed_form: string;
    kid: string;
    protected: string;
    signature: string;
  }[];
}

describe('test vectors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-vectors-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(import.meta.dirname, 'vectors/signatures.json');
  const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
  const roles = ['pharmacist'];
  const rosterWith = (form: 'public_key' | 'jwk') => {
    const keys = vectors.keys.map((key) => ({ kid: key.kid, [form]: key[form], ...year }));
    return readRoster(JSON.stringify({ people: [{ name: 'Ada', npi: '1234567893', roles, keys }] }), 'roster');
  };

  test.each(vectors.signed.map((vector) => [vector.kid, vector] as const))('%s', (_kid, vector) => {
    const { record, signed_form, protected: header, signature } = vector;
    expect(canonicalText(record)).toBe(signed_form);
    const sent = { ...record, signatures: [{ protected: header, signature }] };
    for (const form of ['public_key', 'jwk'] as const) expect(flagsOf(sent, { roster: rosterWith(form) })).toEqual([]);
    const altered = { ...sent, prescription_id: 'RX-1' };
    expect(flagsOf(altered, { roster: rosterWith('jwk') })).toEqual(['signature_invalid']);
  });

  test('the first is the example of docs/PROTOCOLS.md', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../docs/PROTOCOLS.md'), 'utf8');
    const { signed_form, protected: header, signature } = vectors.signed[0] ?? expect.fail('no vector');
    for (const part of [signed_form, header, signature]) expect(text).toContain(part);
    const sent = JSON.parse(/```json\n(\{"idempotency_key[^`]+"signatures"[^`]+)```/.exec(text)?.[1] ?? '{}');
    expect(flagsOf(sent, { roster: rosterWith('jwk') })).toEqual([]);
  });

  test.skipIf(!hasOpenssl())('openssl agrees', () => {
    for (const { kid, signed_form, protected: header, signature } of vectors.signed) {
      const key = vectors.keys.find((each) => each.kid === kid) ?? { alg: '', public_key: '' };
      const input = `${header}.${Buffer.from(signed_form).toString('base64url')}`;
      expect(opensslVerifies(folder, key, input, signature)).toBe(true);
      expect(opensslVerifies(folder, key, `${input}A`, signature)).toBe(false);
    }
  });
});
