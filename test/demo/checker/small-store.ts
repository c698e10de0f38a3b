/**
 * A store in a folder, small and real: an outbox, a buffer and a PMS database, each written by the program that owns it,
 * as they are after a quiet quarter of an hour. Tests then break one of the files by hand.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { RecordBuffer } from '../../../src/buffer/api.ts';
import { openBuffer } from '../../../src/buffer/open.ts';
import { type CheckedFiles, check } from '../../../src/demo/checker/check.ts';
import type { Expected } from '../../../src/demo/checker/judge.ts';
import type { Verdict } from '../../../src/demo/checker/verdict.ts';
import { PmsStore } from '../../../src/demo/pms/store.ts';
import { formRaw, formRecord, labelOf } from '../../../src/lane/form.ts';
import { Outbox } from '../../../src/lane/outbox.ts';
import { checkRecord } from '../../../src/record/check.ts';
import { sequenceId } from '../../../src/record/lane-wire.ts';
import { streamOf } from '../../../src/record/types.ts';
import { aRecord } from '../../harness/records.ts';

const GATEWAY = 'gw-0042';
const LANE = 'lane-1';
const VERIFIED = { verifierId: 'pms', verifiedAt: '2026-11-22T09:03:00.000Z' };
const NOT_JSON = Buffer.from('{"idempotency_key": "cut o');

/** In the order of their sequences, 1 to 6; the last two are pending. */
const SOLD = ['IV', 'C-II', 'NONE', 'II', 'V', 'NONE'] as const;
const SYNCED = 4;

export class SmallStore {
  readonly files: CheckedFiles;

  constructor(folder: string) {
    this.files = { outboxes: join(folder, 'tills'), dataDir: join(folder, 'data'), pmsDb: join(folder, 'pms.db') };
  }

  /** Six records sold, all acknowledged, four of them synced; one publish refused. Gone after the test. */
  static async open(): Promise<SmallStore> {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-checker-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const store = new SmallStore(folder);
    await store.#sell();
    return store;
  }

  check(expected: Partial<Expected> = {}): Verdict {
    return check(this.files, { complete: false, altered: [], ...expected });
  }

  inBuffer(...statements: string[]): void {
    run(join(this.files.dataDir, 'buffer.db'), statements);
  }

  atPms(...statements: string[]): void {
    run(this.files.pmsDb, statements);
  }

  /** Opens the outbox as the till's own program does: locked, for as long as the test runs. */
  openTill(): Outbox {
    const outbox = new Outbox(join(this.files.outboxes, `${LANE}.db`), { store: '0042', lane: LANE }, systemClock);
    outbox.open();
    onTestFinished(() => outbox.close());
    return outbox;
  }

  /** Opens the buffer as a gateway does. */
  async openBuffer(): Promise<RecordBuffer> {
    const { dataDir } = this.files;
    return await openBuffer({ dataDir, gatewayId: GATEWAY, clock: systemClock, onFatal: () => {} });
  }

  async #sell(): Promise<void> {
    const buffer = await this.openBuffer();
    const pms = PmsStore.open(this.files.pmsDb);
    const outbox = this.openTill();
    for (const [index, schedule] of SOLD.entries()) {
      const { position } = putRecord(outbox, schedule);
      await intake(buffer, outbox.bytes(position) ?? Buffer.alloc(0));
      outbox.acknowledge(position);
      if (index < SYNCED) await sync(buffer, pms, schedule.endsWith('II') ? 'schedule_two' : 'standard');
    }
    const { position } = outbox.putRaw(formRaw(NOT_JSON));
    await intake(buffer, NOT_JSON);
    outbox.acknowledge(position);
    pms.close();
    outbox.close();
    await buffer.close();
  }
}

/** A sale in the till's outbox, not yet published. */
export function putRecord(outbox: Outbox, schedule: string): { readonly position: number } {
  const record = aRecord({ schedule });
  return outbox.put(labelOf(record), (marks) => formRecord(record, marks));
}

async function intake(buffer: RecordBuffer, bytes: Buffer): Promise<void> {
  const receivedAtMs = systemClock.utcMs();
  const outcome = checkRecord(bytes, { products: null, receivedAtMs, clock: 'unknown' });
  const common = { lane: LANE, receivedAtMs };
  const item = outcome.ok
    ? ({ ...common, type: 'record', clock: 'unknown', record: outcome.record } as const)
    : ({
        ...common,
        type: 'refused',
        idempotencyKey: outcome.idempotencyKey,
        hash: outcome.laneHash ?? createHash('sha256').update(bytes).digest(),
        reasons: outcome.reasons,
        bytes,
      } as const);
  await buffer.intake([item]);
}

/** Brings what is pending in a stream to the PMS's file and settles it. */
async function sync(buffer: RecordBuffer, pms: PmsStore, stream: 'standard' | 'schedule_two'): Promise<void> {
  const name = { gatewayId: buffer.gatewayId, epoch: buffer.epoch, stream };
  const standing = {
    status: 'accepted',
    lookupsLeft: null,
    decision: null,
    verifierId: null,
    verifiedAtUtc: null,
  } as const;
  for (const entry of buffer.readPending(stream, 10, 1e6).entries) {
    if ('gap' in entry) throw new Error('no gap was expected');
    const payload = entry.payload.toString();
    const record = {
      stream_sequence: entry.streamSequence,
      sequence: entry.sequence,
      sequence_id: sequenceId(GATEWAY, buffer.epoch, entry.sequence),
      idempotency_key: entry.idempotencyKey,
      lane: entry.lane,
      lane_hash: entry.laneHash.toString('hex'),
      payload_hash: entry.payloadHash.toString('hex'),
      schedule: entry.schedule,
      received_at_utc: new Date(entry.receivedAtMs).toISOString(),
      flags: [...entry.flags],
      payload: JSON.parse(payload),
    };
    pms.atomically(() => {
      const id = pms.insertRecord(name, record, payload, standing, record.received_at_utc);
      const place = { status: 'stored', reason: null, record_id: id } as const;
      pms.insertPlace(name, record, place, record.received_at_utc);
    });
    const verification = streamOf(entry.schedule) === 'schedule_two' ? VERIFIED : null;
    await buffer.settle(stream, [
      { sequence: entry.sequence, to: 'SYNCED', pmsId: String(entry.sequence), reason: null, verification },
    ]);
  }
}

function run(file: string, statements: readonly string[]): void {
  const db = new Database(file);
  try {
    for (const statement of statements) db.exec(statement);
  } finally {
    db.close();
  }
}
