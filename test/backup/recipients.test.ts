import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  recipientSchema,
  recoveryPrivateKey,
  recoveryPublicKey,
  unwrapWithKey,
  unwrapWithPassphrase,
  wrapForKey,
  wrapForPassphrase,
} from '../../src/backup/recipients.ts';

const FILE = 'counterfoil backup file key';
const BOX = 'counterfoil box key';
const secret = randomBytes(32);
const pairs = {
  x25519: generateKeyPairSync('x25519'),
  rsa: generateKeyPairSync('rsa', { modulusLength: 3072 }),
};

describe.each(['x25519', 'rsa'] as const)('%s', (type) => {
  const { publicKey, privateKey } = pairs[type];

  test('only the private half opens it, and only for its purpose', () => {
    const wrapped = wrapForKey(secret, publicKey, FILE);
    expect(unwrapWithKey(recipientSchema.parse(wrapped), privateKey, FILE)).toEqual(secret);
    expect(unwrapWithKey(wrapped, privateKey, BOX)).toBeNull();
    const other = generateKeyPairSync('x25519').privateKey;
    expect(unwrapWithKey(wrapped, other, FILE)).toBeNull();
    expect(unwrapWithPassphrase(wrapped, 'x', FILE)).toBeNull();
  });

  test('changed in any way it does not open', () => {
    const wrapped = wrapForKey(secret, publicKey, FILE);
    const bytes = Buffer.from(wrapped.wrapped, 'base64');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unwrapWithKey({ ...wrapped, wrapped: changed.toString('base64') }, privateKey, FILE)).toBeNull();
    }
  });

  test('is read from PEM', () => {
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const own = privateKey
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'seven' })
      .toString();
    const wrapped = wrapForKey(secret, recoveryPublicKey(pem, 'a.pem'), FILE);
    expect(unwrapWithKey(wrapped, recoveryPrivateKey(own, 'b.pem', 'seven'), FILE)).toEqual(secret);
    expect(() => recoveryPrivateKey(own, 'b.pem', 'eight')).toThrow('does not open with this passphrase');
  });
});

test('a passphrase opens what was wrapped for it', () => {
  const wrapped = wrapForPassphrase(secret, 'correct horse', FILE);
  expect(unwrapWithPassphrase(recipientSchema.parse(wrapped), 'correct horse', FILE)).toEqual(secret);
  expect(unwrapWithPassphrase(wrapped, 'wrong horse', FILE)).toBeNull();
  expect(unwrapWithKey(wrapped, pairs.x25519.privateKey, FILE)).toBeNull();
});

test('a header cannot ask for any amount of memory', () => {
  const wrapped = wrapForPassphrase(secret, 'x', FILE);
  expect(wrapped.kind).toBe('scrypt');
  if (wrapped.kind === 'scrypt')
    expect(unwrapWithPassphrase({ ...wrapped, n: 1_048_576, r: 32 }, 'x', FILE)).toBeNull();
});

test('keys that do not suit are refused with the way to make one', () => {
  const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const short = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'pem', type: 'spki' });
  for (const pem of [ed, short.toString()]) expect(() => recoveryPublicKey(pem, 'k.pem')).toThrow('of another kind');
  expect(() => recoveryPublicKey('nothing', 'k.pem')).toThrow('is no public key');
});
