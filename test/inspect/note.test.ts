/** Notes and keys against the examples of the specification's authors, and every byte of a signature. */
import { describe, expect, test } from 'vitest';
import {
  exactBase64,
  isSignedBy,
  parseCheckpoint,
  parseNote,
  parseSignatureLine,
  parseVerifierKey,
  verifierKeyText,
} from '../../src/inspect/note.ts';
import { cosignatureLine, makeKey, signatureLine, verifierKey } from './trail-maker.ts';

/** From the documentation of golang.org/x/mod/sumdb/note. */
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

describe('a signed note', () => {
  test('of somebody else verifies', () => {
    const key = parseVerifierKey(KEY);
    const note = parseNote(NOTE);
    if (key === null || note === null) throw new Error('not understood');
    expect(verifierKeyText(key)).toBe(KEY);
    expect(note.signatures.map((signature) => isSignedBy(note.text, signature, key))).toEqual([true]);
  });

  test('does not verify with one letter changed, another name or another key', () => {
    const key = makeKey();
    const text = 'gw/1f0c9a77/audit\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
    const line = parseSignatureLine(signatureLine('gw/1f0c9a77/audit', key, text).trimEnd());
    const own = parseVerifierKey(verifierKey('gw/1f0c9a77/audit', key));
    const named = parseVerifierKey(verifierKey('gw/1f0c9a77/other', key));
    const other = parseVerifierKey(verifierKey('gw/1f0c9a77/audit', makeKey()));
    if (line === null || own === null || named === null || other === null) throw new Error('not understood');
    expect(isSignedBy(text, line, own)).toBe(true);
    expect(isSignedBy(text.replace('1\n', '2\n'), line, own)).toBe(false);
    expect([named, other].map((each) => isSignedBy(text, line, each))).toEqual([false, false]);
  });

  test('a cosignature is over the time and the text, and is no signature of a log', () => {
    const key = makeKey();
    const text = 'gw/1f0c9a77/audit\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
    const line = parseSignatureLine(cosignatureLine('pms.example', key, text, 1_795_597_200).trimEnd());
    const witness = parseVerifierKey(verifierKey('pms.example', key, 4));
    const log = parseVerifierKey(verifierKey('pms.example', key));
    if (line === null || witness === null || log === null) throw new Error('not understood');
    expect(witness.isWitness).toBe(true);
    expect(isSignedBy(text, line, witness)).toBe(true);
    expect(isSignedBy(text, line, log)).toBe(false);
    const later = { ...line, bytes: Buffer.from(line.bytes.map((byte, at) => (at === 7 ? byte + 1 : byte))) };
    expect(isSignedBy(text, later, witness)).toBe(false);
  });

  test.each([
    ['no empty line', 'text\n— name AAAAAAAA\n'],
    ['no line end', 'text\n\n— name AAAAAAAA'],
    ['a hyphen for the dash', 'text\n\n- name AAAAAAAA\n'],
    ['no signature', 'text\n\n\n'],
    ['base64 with a stray bit', 'text\n\n— name AAAAAAB=\n'],
  ])('is none: %s', (_, text) => expect(parseNote(text)).toBeNull());
});

test.each([
  ['', null],
  ['origin\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n', null],
  ['origin\n1\nAAAA\n', null],
  ['origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n', 1],
])('checkpoint %j', (text, size) => expect(parseCheckpoint(text)?.size ?? null).toBe(size));

test.each([
  ['a key id that is not its own', KEY.replace('c74f20a3', 'c74f20a4')],
  ['a key cut short', KEY.slice(0, -4)],
  ['no key', 'anything'],
])('no verifier key: %s', (_, text) => expect(parseVerifierKey(text)).toBeNull());

test('base64 has one spelling', () => {
  expect(exactBase64('AAAA')).toEqual(Buffer.alloc(3));
  expect([exactBase64('AAA='), exactBase64('AAB='), exactBase64('AAA'), exactBase64('AA_A')]).toEqual([
    Buffer.alloc(2),
    null,
    null,
    null,
  ]);
});
