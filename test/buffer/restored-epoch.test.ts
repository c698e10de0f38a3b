import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyBuffer } from '../../src/buffer/copy.ts';
import { figuresOf } from '../../src/buffer/copy-figures.ts';
import { bufferPaths, openForWriting, readBoxKey } from '../../src/buffer/files.ts';
import { isRestoredUnsigned, openRestoredEpoch } from '../../src/buffer/restored-epoch.ts';
import { Writer } from '../../src/buffer/writer.ts';
import { anyKey, handClock, inFolder, item, openWriter } from './fixture.ts';

const BACKUP = Buffer.alloc(32, 7).toString('base64');
const act = ({ epoch }: { epoch: string }) => ({
  actId: 'act-1',
  statement: `{"epoch":"${epoch}"}`,
  signature: 'a..b',
  keyId: 'rita',
  printedName: 'Rita Reviewer',
  meaning: 'the box burned',
  signedAtMs: 1,
  reason: 'restored',
});

function restored(dir: string, sign: typeof act | null) {
  const { writer, db } = openWriter(dir);
  const answer = { pmsId: null, reason: 'no', verification: null };
  writer.intake(Array.from({ length: 6 }, () => item({ key: anyKey() })));
  writer.settle('audit', [
    { ...answer, sequence: 1, to: 'SYNCED' },
    { ...answer, sequence: 2, to: 'REJECTED' },
    { ...answer, sequence: 3, to: 'SYNCED' },
  ]);
  const copy = join(dir, 'copy.db');
  const paths = bufferPaths(dir);
  copyBuffer(paths, copy, dir);
  const before = writer.facts().epoch;
  db.close();
  const boxKey = readBoxKey(paths);
  const opened = openRestoredEpoch({ path: copy, boxKey, backup: BACKUP, madeAtMs: 5, act: sign }, handClock());
  return { copy, boxKey, before, opened };
}

test('numbers begin again below what is open, also what waits for a person; nothing else changes', () =>
  inFolder((dir) => {
    const { copy, boxKey, before, opened } = restored(dir, null);
    expect(opened).toMatchObject({ predecessor: before, carried: 5 });
    expect(opened.epoch).not.toBe(before);
    expect(figuresOf(copy)).toMatchObject({ epoch: opened.epoch, records: 6, last_sequence: 5 });
    const db = openForWriting(copy);
    const writer = new Writer(db, { clock: handClock(), bootId: 'boot-2', boxKey });
    expect(writer.intake([item({ key: anyKey() })])).toMatchObject([{ status: 'accepted', sequence: 6 }]);
    // The first that still has to be sent is number 1 on the wire.
    const base = db.prepare('SELECT base_standard AS base FROM epoch ORDER BY ordinal DESC LIMIT 1').pluck().get();
    expect(base).toBe(3);
    db.close();
  }));

test.each([
  ['nobody', null, null],
  ['a person', act, 'Rita Reviewer'],
])('signed by %s: both trails tell', (_, sign, by) =>
  inFolder((dir) => {
    const { copy, opened } = restored(dir, sign);
    expect(isRestoredUnsigned(copy)).toBe(sign === null);
    const db = openForWriting(copy);
    const rows = db.prepare<[], string>('SELECT entry FROM trail_entry ORDER BY log, i').pluck().all();
    const told = rows.map((text) => JSON.parse(text)).filter(({ k }) => k === 'epoch' || k === 'restored');
    const epoch = { k: 'epoch', r: { by, epoch: opened.epoch, predecessor: opened.predecessor, reason: 'restored' } };
    const restoredEntry = { k: 'restored', r: { backup: BACKUP, made_ms: 5, signed: sign !== null } };
    expect(told).toMatchObject([epoch, restoredEntry, epoch, restoredEntry]);
    db.close();
  }),
);

test('a gateway that was never restored has nothing to sign for', () =>
  inFolder((dir) => {
    openWriter(dir).db.close();
    expect(isRestoredUnsigned(bufferPaths(dir).db)).toBe(false);
  }));
