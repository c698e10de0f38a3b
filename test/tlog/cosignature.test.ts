import { describe, expect, test } from 'vitest';
import { cosigner, verifyCosignature } from '../../src/tlog/cosignature.ts';
import { noteSigner, openNote, parseSignatureLine, signatureLine, signNote } from '../../src/tlog/note.ts';
import { KEY_TYPE, parseVerifierKey, verifierKeyOf } from '../../src/tlog/verifier-key.ts';
import { privateKeyOf } from './keys.ts';
import { C2SP_CHECKPOINT, PUBLIC_LOG } from './vectors.ts';

const text: string = C2SP_CHECKPOINT.text;
const witness = cosigner('witness.example.com/w1', privateKeyOf(9));
const line = witness.cosign(text, 1679315147);

test("a public witness's cosignature under a public log's checkpoint", () => {
  const reading = parseVerifierKey(PUBLIC_LOG.witnessKey);
  if (!reading.ok) throw new Error(reading.fault);
  expect(verifyCosignature(PUBLIC_LOG.witnessLine, PUBLIC_LOG.text, reading.key)).toEqual({
    ok: true,
    timeSeconds: PUBLIC_LOG.witnessTimeSeconds,
  });
  const smaller = PUBLIC_LOG.text.replace('1432088532', '42');
  expect(verifyCosignature(PUBLIC_LOG.witnessLine, smaller, reading.key)).toEqual({
    ok: false,
    fault: 'bad_signature',
  });
});

test('the example of the specification has its time where ours has it', () => {
  for (const published of [C2SP_CHECKPOINT.lines[1], line]) {
    const signature = parseSignatureLine(published ?? '')?.signature;
    expect(signature).toHaveLength(72);
    expect(signature?.readBigUInt64BE()).toBe(BigInt(C2SP_CHECKPOINT.timeSeconds));
  }
});

test('made and verified', () => {
  expect(verifyCosignature(line, text, witness.key)).toEqual({ ok: true, timeSeconds: 1679315147 });
  const apart = parseSignatureLine(line);
  if (apart === null) throw new Error('no line');
  expect(verifyCosignature(apart, text, witness.key).ok).toBe(true);
});

describe('what does not count', () => {
  const faultOf = (given: string, of = text, key = witness.key) => {
    const reading = verifyCosignature(given, of, key);
    return reading.ok ? null : reading.fault;
  };

  test('another time: the time is signed', () => {
    const bytes = parseSignatureLine(line)?.signature ?? Buffer.alloc(0);
    const later = Buffer.from(bytes);
    later.writeBigUInt64BE(1679315148n);
    expect(faultOf(signatureLine(witness.key, later))).toBe('bad_signature');
    expect(faultOf(signatureLine(witness.key, bytes))).toBeNull();
  });

  test('another text, also one with a line more', () => {
    expect(faultOf(line, text.replace('20852163', '20852164'))).toBe('bad_signature');
    expect(faultOf(line, `${text}more\n`)).toBe('bad_signature');
  });

  test('another witness, another name, and the same key as a signer of notes', () => {
    expect(faultOf(line, text, cosigner('witness.example.com/w1', privateKeyOf(8)).key)).toBe('unknown_signer');
    expect(faultOf(line, text, cosigner('witness.example.com/w2', privateKeyOf(9)).key)).toBe('unknown_signer');
    const asNote = verifierKeyOf('witness.example.com/w1', privateKeyOf(9), KEY_TYPE.note);
    expect(faultOf(line, text, asNote)).toBe('unknown_signer');
    const signed = signNote(text, noteSigner('witness.example.com/w1', privateKeyOf(9)));
    expect(openNote(signed, [witness.key])).toEqual({ ok: false, fault: 'unknown_signer' });
  });

  test('no time in it, or one beyond what a number holds', () => {
    const bytes = parseSignatureLine(line)?.signature ?? Buffer.alloc(0);
    expect(faultOf(signatureLine(witness.key, bytes.subarray(8)))).toBe('malformed');
    expect(faultOf(signatureLine(witness.key, Buffer.concat([Buffer.alloc(8, 0xff), bytes.subarray(8)])))).toBe(
      'malformed',
    );
    expect(faultOf('no line')).toBe('malformed');
  });

  test('only a private Ed25519 key cosigns', () => {
    expect(() => cosigner('w', witness.key.publicKey)).toThrow(TypeError);
  });
});
