import { createPublicKey, type KeyObject } from 'node:crypto';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/base/log.ts';
import type { Manifest, RecordBuffer, Settlement } from '../../src/buffer/api.ts';
import { bufferPaths } from '../../src/buffer/files.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { RunReader } from '../../src/buffer/run-reader.ts';
import { manifestFaults } from '../../src/record/manifest.ts';
import { Reconciliation } from '../../src/sync/reconciliation.ts';
import { checkChain } from '../buffer/chain.ts';
import { handClock, inFolder, item } from '../buffer/fixture.ts';

const open = (dataDir: string): Promise<RecordBuffer> =>
  openBuffer({
    dataDir,
    gatewayId: 'gw-test',
    clock: handClock(),
    onFatal: (error) => {
      throw error;
    },
  });

const runOf = (buffer: RecordBuffer) =>
  new Reconciliation({
    buffer,
    clock: handClock(),
    log: createLog('silent'),
    store: '0042',
    deaRegistration: 'AB1234563',
    signersOf: (payload) => (payload.includes('signed') ? ['ada-1'] : []),
    checkpoint: () => null,
  });

const settled = (sequence: number, to: Settlement['to'], verified = true): Settlement => ({
  sequence,
  to,
  pmsId: null,
  reason: null,
  verification: verified ? { verifierId: 'V-1', verifiedAt: '2026-11-22T09:03:00Z' } : null,
});

/** What an inspector reads: manifests and keys, on a connection of their own, after the gateway has stopped. */
function read(dir: string): { manifests: Manifest[]; keyOf: (kid: string) => KeyObject | undefined } {
  const db = new Database(bufferPaths(dir).db, { readonly: true });
  checkChain(db);
  const reader = new RunReader(db);
  const keys = reader.publicKeys();
  const found = reader.manifests();
  db.close();
  return {
    manifests: found,
    keyOf: (kid) => {
      const spki = keys.get(kid);
      return spki === undefined ? undefined : createPublicKey({ key: spki, format: 'der', type: 'spki' });
    },
  };
}

describe('a reconciliation run', () => {
  it('ends with a signed manifest of the Schedule II records it moved, and of no others', () =>
    inFolder(async (dir) => {
      const buffer = await open(dir);
      const run = runOf(buffer);
      const two = Array.from({ length: 250 }, (_, n) => item({ key: `two-${n}-key`, schedule: 'II', body: 'signed' }));
      await buffer.intake([
        item({ key: 'two-before', schedule: 'II' }),
        item({ key: 'five-key', schedule: 'V' }),
        ...two,
      ]);
      await buffer.settle('schedule_two', [settled(1, 'SYNCED')]);
      run.begin();
      await run.settled();
      await buffer.settle('standard', [settled(2, 'SYNCED', false)]);
      await buffer.settle('schedule_two', [settled(3, 'AWAITING_VERIFICATION', false), settled(4, 'REJECTED', false)]);
      await buffer.settle('schedule_two', [settled(3, 'SYNCED')]);
      const rest = Array.from({ length: 248 }, (_, n) => settled(n + 5, 'SYNCED'));
      await buffer.settle('schedule_two', rest);
      run.end('drained');
      await run.settled();
      expect(buffer.openRun()).toBeNull();
      await buffer.close();
      const { manifests, keyOf } = read(dir);
      expect(manifests).toHaveLength(1);
      const [manifest] = manifests;
      if (manifest === undefined) return;
      expect(manifestFaults(manifest.parts, manifest.body, keyOf)).toEqual([]);
      const { statement } = manifest.body as { statement: Record<string, unknown> };
      expect(statement).toMatchObject({
        store: '0042',
        dea_registration: 'AB1234563',
        ended: 'drained',
        records: 250,
        unsigned: 0,
        outcomes: { SYNCED: 249, REJECTED: 1 },
      });
      expect(manifest.parts).toHaveLength(3);
      const rows = manifest.parts.flatMap((part) => part.records as unknown[][]);
      expect(rows.find(([sequence]) => sequence === 3)).toMatchObject([
        3,
        2,
        expect.any(String),
        expect.any(String),
        ['ada-1'],
        'SYNCED',
        'V-1',
        '2026-11-22T09:03:00Z',
        expect.any(String),
      ]);
    }));

  it('without a Schedule II record ends without a manifest', () =>
    inFolder(async (dir) => {
      const buffer = await open(dir);
      const run = runOf(buffer);
      await buffer.intake([item({ key: 'five-key', schedule: 'V' })]);
      run.begin();
      run.end('drained');
      await run.settled();
      await buffer.close();
      expect(read(dir).manifests).toEqual([]);
    }));

  it('that a restart interrupted is found again and ended once', () =>
    inFolder(async (dir) => {
      const first = await open(dir);
      await first.intake([item({ key: 'two-1-key', schedule: 'II' })]);
      await first.beginRun();
      await first.settle('schedule_two', [settled(1, 'SYNCED')]);
      await first.close();
      const second = await open(dir);
      const run = runOf(second);
      run.begin();
      run.end('interrupted');
      run.end('drained');
      await run.settled();
      await second.close();
      const { manifests, keyOf } = read(dir);
      expect(manifests.map(({ body }) => (body.statement as { ended: string }).ended)).toEqual(['interrupted']);
      expect(manifests.flatMap(({ parts, body }) => manifestFaults(parts, body, keyOf))).toEqual([]);
    }));
});

describe('a manifest that was touched', () => {
  it('is found out: a record changed, a part dropped, a count changed, another key', () =>
    inFolder(async (dir) => {
      const buffer = await open(dir);
      const run = runOf(buffer);
      await buffer.intake([item({ key: 'two-1-key', schedule: 'II' })]);
      run.begin();
      await run.settled();
      await buffer.settle('schedule_two', [settled(1, 'SYNCED')]);
      run.end('drained');
      await run.settled();
      await buffer.close();
      const { manifests, keyOf } = read(dir);
      const manifest = manifests[0];
      if (manifest === undefined) throw new Error('no manifest');
      const { parts, body } = manifest;
      const other = JSON.parse(JSON.stringify(parts).replace('SYNCED', 'REJECTED'));
      expect(manifestFaults(other, body, keyOf)).toEqual(['part 1 is not what was signed']);
      expect(manifestFaults([], body, keyOf)).toHaveLength(2);
      const counted = { ...body, statement: { ...(body.statement as object), unsigned: 0 } };
      expect(manifestFaults(parts, counted, keyOf)).toEqual(['its signature does not match the statement']);
      expect(manifestFaults(parts, body, () => undefined)[0]).toMatch(/signing key [0-9a-f]{16} is not known/);
      expect(manifestFaults(parts, {}, keyOf)).toEqual(['it has no statement or no signature']);
    }));
});
