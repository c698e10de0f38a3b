import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isKeyName,
  KEY_TYPE,
  parseVerifierKey,
  publicKeyOfRaw,
  rawPublicKey,
  verifierKeyOf,
} from '../../src/tlog/verifier-key.ts';
import { privateKeyOf } from './keys.ts';
import { C2SP_NOTE, GO, PUBLIC_LOG } from './vectors.ts';

const fault = (text: string) => {
  const reading = parseVerifierKey(text);
  return reading.ok ? null : reading.fault;
};

describe('published keys', () => {
  test.each([GO.key, GO.otherKey, C2SP_NOTE.key, PUBLIC_LOG.witnessKey])('%s is read and written again', (text) => {
    const reading = parseVerifierKey(text);
    if (!reading.ok) throw new Error(reading.fault);
    const { name, type, keyId, publicKey } = reading.key;
    expect(`${name}+${keyId}`).toBe(text.slice(0, name.length + 9));
    expect(verifierKeyOf(name, publicKey, type).text).toBe(text);
  });

  test("Go's private key has Go's verifier key", () => {
    const seed = Buffer.from(GO.privateKey, 'base64').subarray(1);
    expect(verifierKeyOf('PeterNeumann', privateKeyOf(seed)).text).toBe(GO.key);
  });

  test('a witness is known by another type', () => {
    const reading = parseVerifierKey(PUBLIC_LOG.witnessKey);
    expect(reading.ok && reading.key.type).toBe(KEY_TYPE.cosignature);
  });

  test('keys that are too long or of an unknown type are refused though their id fits', () => {
    expect(GO.badKeys.map(fault)).toEqual(['malformed', 'unknown_type']);
    const long = Buffer.concat([Buffer.from([1]), Buffer.alloc(33)]).toString('base64');
    expect(fault(`a+00000000+${long}`)).toBe('bad_key');
  });

  test('no part of a key is a key, and no key with another letter', () => {
    for (let from = 0; from < GO.key.length; from++) {
      expect(fault(GO.key.slice(from === 0 ? 1 : from))).not.toBeNull();
      expect(fault(GO.key.slice(0, from))).not.toBeNull();
      const letter = String.fromCharCode(GO.key.charCodeAt(from) + 1);
      expect(fault(GO.key.slice(0, from) + letter + GO.key.slice(from + 1))).not.toBeNull();
    }
  });

  test('an id in capitals, white space around it and a text without end are refused', () => {
    expect(fault(GO.key.replace('c74f20a3', 'C74F20A3'))).toBe('malformed');
    expect(fault(`${GO.key}\n`)).toBe('malformed');
    expect(fault(` ${GO.key}`)).toBe('bad_name');
    expect(fault(`${'x'.repeat(1024)}${GO.key}`)).toBe('malformed');
  });
});

test('the same key has another id under another name and of another type', () => {
  const key = privateKeyOf(7);
  const ids = [
    verifierKeyOf('gw-0042/1f0c9a77/audit', key).keyId,
    verifierKeyOf('gw-0042/1f0c9a77/schedule_two', key).keyId,
    verifierKeyOf('gw-0042/1f0c9a77/audit', key, KEY_TYPE.cosignature).keyId,
  ];
  expect(new Set(ids).size).toBe(3);
});

test('32 raw bytes, there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
      const key = privateKeyOf(Buffer.from(seed));
      const raw = rawPublicKey(key);
      expect(raw).toHaveLength(32);
      expect(rawPublicKey(publicKeyOfRaw(raw))).toEqual(raw);
    }),
    { numRuns: 20 },
  );
  expect(() => publicKeyOfRaw(Buffer.alloc(31))).toThrow(TypeError);
  expect(() => rawPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)).toThrow(TypeError);
});

test.each(['', 'a b', 'a+b', 'a\tb', 'a\u2003b', 'a\u0000b', 'a\u0085b', '\ud800'])('%j names no key', (name) => {
  expect(isKeyName(name)).toBe(false);
  expect(() => verifierKeyOf(name, privateKeyOf(1))).toThrow(TypeError);
});
