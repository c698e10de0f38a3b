import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type NoteFault, noteSigner, openNote, parseNote, parseSignatureLine, signNote } from '../../src/tlog/note.ts';
import { parseVerifierKey, type VerifierKey, verifierKeyOf } from '../../src/tlog/verifier-key.ts';
import { privateKeyOf } from './keys.ts';
import { C2SP_NOTE, GO, PUBLIC_LOG } from './vectors.ts';

const keyOf = (text: string): VerifierKey => {
  const reading = parseVerifierKey(text);
  if (!reading.ok) throw new Error(reading.fault);
  return reading.key;
};
const peter = keyOf(GO.key);
const enoch = keyOf(GO.otherKey);
const goNote = `${GO.text}\n${GO.line}\n`;

const faultOf = (source: string | Uint8Array, keys: readonly VerifierKey[] = [peter]): NoteFault | null => {
  const reading = openNote(source, keys);
  return reading.ok ? null : reading.fault;
};

describe('published notes', () => {
  test("Go's text signed with Go's key is Go's note", () => {
    const seed = Buffer.from(GO.privateKey, 'base64').subarray(1);
    expect(signNote(GO.text, noteSigner('PeterNeumann', privateKeyOf(seed)))).toBe(goNote);
  });

  test('the example of the specification opens', () => {
    expect(openNote(C2SP_NOTE.note, [keyOf(C2SP_NOTE.key)])).toMatchObject({
      ok: true,
      note: { text: 'This is an example message.\n' },
    });
  });

  test("a public log's checkpoint opens by its Ed25519 key beside lines of other kinds", () => {
    const note = `${PUBLIC_LOG.text}\n${PUBLIC_LOG.logLine}\n${PUBLIC_LOG.ownLine}\n${PUBLIC_LOG.witnessLine}\n`;
    expect(openNote(note, [keyOf(PUBLIC_LOG.ownKey)])).toMatchObject({ ok: true, note: { text: PUBLIC_LOG.text } });
    expect(faultOf(note.replace('1432088532', '1432088533'), [keyOf(PUBLIC_LOG.ownKey)])).toBe('bad_signature');
  });

  test('one line or two, in either order, by one known key or both', () => {
    for (const lines of [[GO.line], [GO.line, GO.otherLine], [GO.otherLine, GO.line]]) {
      const note = `${GO.text}\n${lines.join('\n')}\n`;
      expect(faultOf(note)).toBeNull();
      expect(faultOf(note, [peter, enoch])).toBeNull();
      expect(faultOf(Buffer.from(note))).toBeNull();
    }
  });
});

describe('what does not count', () => {
  test('a note that nobody known has signed', () => {
    expect(faultOf(goNote, [])).toBe('unknown_signer');
    expect(faultOf(goNote, [enoch])).toBe('unknown_signer');
    const renamed = verifierKeyOf('CarmenSandiego', peter.publicKey);
    expect(faultOf(goNote, [renamed])).toBe('unknown_signer');
  });

  test('a true line beside a false one of a known key', () => {
    const false1 = GO.otherLine.replace('rwz+eBzm', 'rwz+eBzn');
    expect(faultOf(`${GO.text}\n${GO.line}\n${false1}\n`, [peter, enoch])).toBe('bad_signature');
    expect(faultOf(`${GO.text}\n${GO.line}\n${false1}\n`, [peter])).toBeNull();
  });

  test('a changed letter of the text, anywhere', () => {
    for (let at = 0; at < GO.text.length; at++) {
      const changed = `${GO.text.slice(0, at)}#${GO.text.slice(at + 1)}`;
      const note = `${changed}\n${GO.line}\n`;
      expect(openNote(note, [peter]).ok).toBe(false);
    }
  });

  test('a longer signature of a known key', () => {
    const line = parseSignatureLine(GO.line);
    if (line === null) throw new Error('no line');
    const longer = Buffer.concat([Buffer.from(line.keyId, 'hex'), line.signature, Buffer.alloc(3)]);
    expect(faultOf(`${GO.text}\n— PeterNeumann ${longer.toString('base64')}\n`)).toBe('bad_signature');
  });
});

describe('what is no note', () => {
  test.each<[string, string | Uint8Array, NoteFault]>([
    ['nothing', '', 'not_text'],
    ['no signatures', GO.text, 'no_signatures'],
    ['an empty line and nothing behind it', `${GO.text}\n`, 'no_signatures'],
    ['no line feed at the end', goNote.slice(0, -1), 'bad_signature_line'],
    ['a line too many', `${goNote}Unexpected line.\n`, 'bad_signature_line'],
    ['white space in the name', `${GO.text}\n${GO.line.replace('PeterNeumann', 'Bad Name')}\n`, 'bad_signature_line'],
    ['white space behind the line', `${GO.text}\n${GO.line} \n`, 'bad_signature_line'],
    ['a hyphen for the dash', `${GO.text}\n${GO.line.replace('—', '-')}\n`, 'bad_signature_line'],
    ['stray bits in base64', `${GO.text}\n${GO.line.replace('nAM=', 'nAN=')}\n`, 'bad_signature_line'],
    ['base64 without padding', `${GO.text}\n${GO.line.slice(0, -1)}\n`, 'bad_signature_line'],
    ['a key id and nothing behind it', `${GO.text}\n— PeterNeumann x08gow==\n`, 'bad_signature_line'],
    ['carriage returns', goNote.replaceAll('\n', '\r\n'), 'not_text'],
    ['a control character', `\u0001${goNote}`, 'not_text'],
    ['a tab', `\t${goNote}`, 'not_text'],
    ['a lone surrogate', `\ud800${goNote}`, 'not_text'],
    ['no UTF-8', Buffer.concat([Buffer.from([0xff]), Buffer.from(goNote)]), 'not_text'],
    ['101 signatures', `${GO.text}\n${`${GO.line}\n`.repeat(101)}`, 'too_many_signatures'],
    ['64 KiB', `${'x'.repeat(65_536)}${goNote}`, 'too_long'],
  ])('%s', (_name, source, fault) => {
    expect(parseNote(source)).toEqual({ ok: false, fault });
    expect(faultOf(source)).toBe(fault);
  });

  test('a mark of byte order is part of the text and was not signed', () => {
    expect(faultOf(Buffer.from(`\ufeff${goNote}`))).toBe('bad_signature');
  });

  test('one hundred signatures are taken', () => {
    expect(faultOf(`${GO.text}\n${`${GO.line}\n`.repeat(100)}`)).toBeNull();
  });
});

test('a text may have empty lines; the last one ends it', () => {
  const signer = noteSigner('a', privateKeyOf(3));
  const text = 'first\n\nthird\n\n';
  const reading = openNote(signNote(text, signer), [signer.key]);
  expect(reading).toMatchObject({ ok: true, note: { text, signatures: [{ name: 'a', keyId: signer.key.keyId }] } });
});

test('nothing else is signed', () => {
  const signer = noteSigner('a', privateKeyOf(3));
  for (const text of ['', 'no end', 'tab\t\n', '\ud800\n']) expect(() => signNote(text, signer)).toThrow(TypeError);
  expect(() => noteSigner('a', peter.publicKey)).toThrow(TypeError);
  expect(() => noteSigner('a', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toThrow(TypeError);
});
