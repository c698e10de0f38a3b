import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { algorithmOf, fromCompact, readJws, signDetached, toCompact, verifyDetached } from '../../src/record/jws.ts';

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const payload = Buffer.from('{"idempotency_key":"8c0d6e5e"}');
const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const signature = b64('0'.repeat(64));

function verified(jws: { protected: string; signature: string }, bytes: Uint8Array, key: KeyObject): boolean {
  const read = readJws(jws);
  return read !== null && verifyDetached(read, bytes, key);
}

describe('signing and verifying', () => {
  for (const [alg, pair] of [['EdDSA', ed25519] as const, ['ES256', p256] as const]) {
    test(`${alg}: true for the same bytes and key only`, () => {
      const jws = signDetached(payload, { kid: 'k-1', privateKey: pair.privateKey });
      expect(readJws(jws)).toMatchObject({ alg, kid: 'k-1' });
      expect(Buffer.from(jws.signature, 'base64url')).toHaveLength(64);
      expect(verified(jws, payload, pair.publicKey)).toBe(true);
      expect(verified(jws, Buffer.from('{"idempotency_key":"8c0d6e5f"}'), pair.publicKey)).toBe(false);
      const other =
        alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      expect(verified(jws, payload, other.publicKey)).toBe(false);
    });
  }

  test('the header is signed: with another kid the signature is no longer true', () => {
    const jws = signDetached(payload, { kid: 'k-1', privateKey: ed25519.privateKey });
    expect(verified({ ...jws, protected: b64({ alg: 'EdDSA', kid: 'k-2' }) }, payload, ed25519.publicKey)).toBe(false);
  });

  test('alg must be that of the key', () => {
    const jws = signDetached(payload, { kid: 'k-1', privateKey: ed25519.privateKey });
    expect(verified(jws, payload, p256.publicKey)).toBe(false);
    expect(verified({ ...jws, protected: b64({ alg: 'ES256', kid: 'k-1' }) }, payload, ed25519.publicKey)).toBe(false);
  });

  test('other keys sign nothing', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    for (const pair of [rsa, p384]) {
      expect(algorithmOf(pair.publicKey)).toBeNull();
      expect(() => signDetached(payload, { kid: 'k', privateKey: pair.privateKey })).toThrow(TypeError);
    }
    expect(() => signDetached(payload, { kid: 'k', privateKey: ed25519.publicKey })).toThrow(TypeError);
  });

  test('the example of RFC 8037 appendix A.4: its bytes are signed as there, with the kid as the only difference', () => {
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    };
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
    const read = {
      alg: 'EdDSA',
      kid: '',
      protected: b64({ alg: 'EdDSA' }),
      signature: 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    } as const;
    expect(verifyDetached(read, Buffer.from('Example of Ed25519 signing'), privateKey)).toBe(true);
    expect(readJws(read)).toBeNull();
  });
});

describe('reading', () => {
  const good = { alg: 'EdDSA', kid: 'k-1' };

  test.each([
    ['alg none', { alg: 'none', kid: 'k-1' }],
    ['another algorithm', { alg: 'HS256', kid: 'k-1' }],
    ['no alg', { kid: 'k-1' }],
    ['no kid', { alg: 'EdDSA' }],
    ['an empty kid', { alg: 'EdDSA', kid: '' }],
    ['a kid that is no text', { alg: 'EdDSA', kid: 7 }],
    ['a typ that is no text', { ...good, typ: 1 }],
    ['crit', { ...good, crit: ['b64'] }],
    ['b64', { ...good, b64: false }],
    ['a key brought along', { ...good, jwk: {} }],
    ['a name twice', '{"alg":"EdDSA","alg":"EdDSA","kid":"k-1"}'],
    ['no object', '["EdDSA"]'],
    ['no JSON', 'EdDSA'],
    ['too long', { ...good, typ: 'x'.repeat(1024) }],
  ])('%s is refused', (_name, header) => {
    expect(readJws({ protected: b64(header), signature })).toBeNull();
  });

  test('typ is taken and means nothing', () => {
    expect(readJws({ protected: b64({ ...good, typ: 'JOSE' }), signature })).toMatchObject(good);
  });

  test.each([
    ['padding', `${signature}=`],
    ['another alphabet', `+${signature.slice(1)}`],
    ['stray bits', `${signature.slice(0, -1)}B`],
    ['63 bytes', b64('0'.repeat(63))],
    ['72 bytes, as DER would have', b64('0'.repeat(72))],
    ['white space', ` ${signature}`],
    ['nothing', ''],
  ])('a signature with %s is refused', (_name, wrong) => {
    expect(readJws({ protected: b64(good), signature: wrong })).toBeNull();
    expect(readJws({ protected: b64(good), signature })).not.toBeNull();
  });
});

test('compact form without its payload, there and back', () => {
  const jws = signDetached(payload, { kid: 'k-1', privateKey: p256.privateKey });
  expect(toCompact(jws)).toMatch(/^[\w-]+\.\.[\w-]{86}$/);
  expect(fromCompact(toCompact(jws))).toEqual(jws);
  for (const text of ['', 'a.b', 'a.b.c', 'a..b.c']) expect(fromCompact(text)).toBeNull();
});
