import { describe, expect, test } from 'vitest';
import {
  formatCheckpoint,
  formatOrigin,
  openCheckpoint,
  parseCheckpoint,
  parseOrigin,
} from '../../src/tlog/checkpoint.ts';
import { cosigner } from '../../src/tlog/cosignature.ts';
import { emptyRoot } from '../../src/tlog/merkle.ts';
import { noteSigner, signNote } from '../../src/tlog/note.ts';
import { privateKeyOf } from './keys.ts';
import { C2SP_CHECKPOINT, PUBLIC_LOG } from './vectors.ts';

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const origin = 'gw-0042/1f0c9a77/audit';

test.each([C2SP_CHECKPOINT.text, PUBLIC_LOG.text])('published checkpoints are read and written again', (text) => {
  const reading = parseCheckpoint(text);
  if (!reading.ok) throw new Error(reading.fault);
  expect(formatCheckpoint(reading.checkpoint)).toBe(text);
  expect(reading.checkpoint.extensions).toEqual([]);
});

test('the members of the example', () => {
  expect(parseCheckpoint(C2SP_CHECKPOINT.text)).toEqual({
    ok: true,
    checkpoint: {
      origin: 'example.com/behind-the-sofa',
      size: 20852163,
      root: Buffer.from(ROOT, 'base64'),
      extensions: [],
    },
  });
});

describe('what is no checkpoint', () => {
  test.each([
    ['nothing', '', 'bad_origin'],
    ['no end', `${origin}\n1\n${ROOT}`, 'not_text'],
    ['no origin', `\n1\n${ROOT}\n`, 'bad_origin'],
    ['a leading zero', `${origin}\n01\n${ROOT}\n`, 'bad_size'],
    ['a sign', `${origin}\n+1\n${ROOT}\n`, 'bad_size'],
    ['hexadecimal', `${origin}\n0x1\n${ROOT}\n`, 'bad_size'],
    ['less than nothing', `${origin}\n-1\n${ROOT}\n`, 'bad_size'],
    ['more than a number holds', `${origin}\n9007199254740992\n${ROOT}\n`, 'bad_size'],
    ['no size', `${origin}\n`, 'bad_size'],
    ['no root', `${origin}\n1\n`, 'bad_root'],
    ['a root of 31 bytes', `${origin}\n1\n${Buffer.alloc(31).toString('base64')}\n`, 'bad_root'],
    ['a root in base64url', `${origin}\n1\n${ROOT.replace('/', '_')}\n`, 'bad_root'],
    ['stray bits in the root', `${origin}\n1\n${ROOT.replace('q2I=', 'q2J=')}\n`, 'bad_root'],
    ['an empty line behind it', `${origin}\n1\n${ROOT}\n\n`, 'bad_extension'],
  ])('%s', (_name, text, fault) => {
    expect(parseCheckpoint(text)).toEqual({ ok: false, fault });
  });

  test('further lines are kept, the tree without entries is one', () => {
    expect(parseCheckpoint(`${origin}\n1\n${ROOT}\nmore\n`)).toMatchObject({ checkpoint: { extensions: ['more'] } });
    expect(parseCheckpoint(`${origin}\n0\n${emptyRoot.toString('base64')}\n`)).toMatchObject({ ok: true });
  });

  test('nothing else is written', () => {
    const root = Buffer.from(ROOT, 'base64');
    for (const bad of [
      { origin: '', size: 1, root },
      { origin: 'a\nb', size: 1, root },
      { origin, size: 1.5, root },
      { origin, size: -1, root },
      { origin, size: 1, root: root.subarray(1) },
    ]) {
      expect(() => formatCheckpoint(bad)).toThrow(TypeError);
    }
  });
});

describe('signed', () => {
  const signer = noteSigner(origin, privateKeyOf(5));
  const other = noteSigner('gw-0042/1f0c9a77/schedule_two', privateKeyOf(5));
  const text = formatCheckpoint({ origin, size: 4711, root: Buffer.from(ROOT, 'base64') });
  const note = signNote(text, signer);

  test('opens by its key, with and without a cosignature below it', () => {
    const witnessed = `${note}${cosigner('witness', privateKeyOf(6)).cosign(text, 1)}\n`;
    for (const source of [note, witnessed, Buffer.from(witnessed)]) {
      expect(openCheckpoint(source, [other.key, signer.key])).toMatchObject({ ok: true, checkpoint: { size: 4711 } });
    }
  });

  test('a key under the name of another origin signs nothing for this one', () => {
    const borrowed = signNote(text, other);
    expect(openCheckpoint(borrowed, [other.key])).toEqual({ ok: false, fault: 'wrong_name' });
    expect(openCheckpoint(borrowed, [signer.key])).toEqual({ ok: false, fault: 'unknown_signer' });
  });

  test('a changed size is found, and a signed text that is no checkpoint', () => {
    expect(openCheckpoint(note.replace('4711', '4712'), [signer.key])).toEqual({ ok: false, fault: 'bad_signature' });
    expect(openCheckpoint(signNote('hello\n', signer), [signer.key])).toEqual({ ok: false, fault: 'bad_size' });
  });
});

test('origins, there and back', () => {
  expect(parseOrigin(origin)).toEqual({ gatewayId: 'gw-0042', epoch: '1f0c9a77', log: 'audit' });
  expect(formatOrigin({ gatewayId: 'gw-0042', epoch: '1f0c9a77', log: 'schedule_two' })).toBe(
    'gw-0042/1f0c9a77/schedule_two',
  );
  for (const text of [
    '',
    'gw/1f0c9a77',
    'gw/1F0C9A77/audit',
    'gw/1f0c9a7/audit',
    'g w/1f0c9a77/audit',
    `${origin}/x`,
  ]) {
    expect(parseOrigin(text)).toBeNull();
  }
});
