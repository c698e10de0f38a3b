/** Signing by the rule, and what is left on disk: real keys, real files. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SignParams } from '../../src/base/sealer-wire.ts';
import { Signer } from '../../src/sealer/signer.ts';
import { SigningState } from '../../src/sealer/signing-state.ts';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { leafHash, nodeHash } from '../../src/tlog/merkle.ts';
import { consistencyProof, rootOf, type Subtree } from '../../src/tlog/proof.ts';
import { publicKeyOfRaw, verifierKeyOf } from '../../src/tlog/verifier-key.ts';

const ORIGIN = 'gw-0042/0badcafe/audit';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cf-signer-'));
  chmodSync(folder, 0o700);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => new Signer(SigningState.open(folder));
const file = (name: string) => join(folder, name);

const treeOf =
  (name: string): Subtree =>
  (start, end) => {
    if (end - start === 1) return leafHash(`${name} ${start}`);
    let split = 1;
    while (split * 2 < end - start) split *= 2;
    return nodeHash(treeOf(name)(start, start + split), treeOf(name)(start + split, end));
  };

function request(size: number, from: number, tree = treeOf('entry'), origin = ORIGIN): SignParams {
  const proof = consistencyProof(from, size, tree).map((hash) => hash.toString('base64'));
  return { log: 'audit', origin, size, root: rootOf(size, tree).toString('base64'), proof };
}

describe('a signer', () => {
  test('signs what continues, over restarts, and its notes hold by its public key', () => {
    const first = open();
    const key = verifierKeyOf(ORIGIN, publicKeyOfRaw(Buffer.from(first.publicKey, 'base64')));
    expect(openCheckpoint(first.sign(request(3, 0)), [key])).toMatchObject({ ok: true, checkpoint: { size: 3 } });
    const second = open();
    expect(second.publicKey).toBe(first.publicKey);
    const note = second.sign(request(7, 3));
    expect(openCheckpoint(note, [key])).toMatchObject({ ok: true, checkpoint: { size: 7 } });
    expect(open().newest('audit')).toEqual({ origin: ORIGIN, size: 7, root: request(7, 0).root, note });
    expect(open().newest('schedule_two')).toBeNull();
  });

  test('the same again: the same note', () => {
    const signer = open();
    const note = signer.sign(request(5, 0));
    expect(signer.sign({ ...request(5, 0), proof: [] })).toBe(note);
  });

  test.each([
    ['a smaller tree', request(4, 4)],
    ['another tree of that size', request(5, 5, treeOf('other'))],
    ['another tree that is larger', request(8, 5, treeOf('other'))],
    ['a larger tree without proof', { ...request(8, 5), proof: [] }],
    ['the origin of the other trail', request(8, 5, treeOf('entry'), 'gw-0042/0badcafe/schedule_two')],
    ['another gateway', request(8, 0, treeOf('entry'), 'gw-0043/0badcafe/audit')],
    ['no origin', request(8, 0, treeOf('entry'), 'audit')],
  ])('refuses %s, now and after a restart, and has forgotten nothing', (_, wrong) => {
    open().sign(request(5, 0));
    expect(() => open().sign(wrong)).toThrow(expect.objectContaining({ code: 'checkpoint_refused' }));
    expect(open().newest('audit')).toMatchObject({ origin: ORIGIN, size: 5 });
  });

  test('a new epoch begins afresh, and the old one is never signed again', () => {
    open().sign(request(5, 0));
    open().sign(request(2, 0, treeOf('restored'), 'gw-0042/00000002/audit'));
    expect(() => open().sign(request(8, 5))).toThrow(/epoch has ended/);
  });

  test('only its own user can read what it keeps', () => {
    open().sign(request(5, 0));
    for (const name of ['signing.key', 'audit.json', 'schedule_two.json']) {
      expect(statSync(file(name)).mode & 0o777, name).toBe(0o600);
    }
  });

  test('is on disk before the note is given: a state that cannot be written gives none', () => {
    const signer = open();
    rmSync(folder, { recursive: true });
    expect(() => signer.sign(request(5, 0))).toThrow(/ENOENT/);
  });
});

describe('a state that is damaged stops signing, and nothing is begun afresh', () => {
  const damages: [string, () => void][] = [
    ['heads of no form', () => writeFileSync(file('audit.json'), '{"version":1,"heads":[{"origin":"x"}]}')],
    ['heads cut off', () => writeFileSync(file('audit.json'), readFileSync(file('audit.json'), 'utf8').slice(0, 40))],
    ['heads empty', () => writeFileSync(file('audit.json'), '')],
    ['heads missing', () => rmSync(file('audit.json'))],
    ['heads of the other trail missing', () => rmSync(file('schedule_two.json'))],
    ['the key missing', () => rmSync(file('signing.key'))],
    ['the key damaged', () => writeFileSync(file('signing.key'), 'nonsense')],
  ];
  test.each(damages)('%s', (_, damage) => {
    open().sign(request(5, 0));
    damage();
    const before = ['signing.key', 'audit.json', 'schedule_two.json'].map((name) => existsSync(file(name)));
    expect(open).toThrow(expect.objectContaining({ code: 'signer_damaged', exitCode: 78 }));
    const after = ['signing.key', 'audit.json', 'schedule_two.json'].map((name) => existsSync(file(name)));
    expect(after).toEqual(before);
  });

  test('a first start that was cut short before the key is no damage', () => {
    writeFileSync(file('audit.json'), '{"version":1,"heads":[]}\n');
    writeFileSync(file('signing.key.new'), 'half a k');
    expect(open().sign(request(5, 0))).toContain(ORIGIN);
  });
});
