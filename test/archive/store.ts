/** A buffer with an archive in a fresh folder: records in, settled, moved by hand in time; the trail's segments are a word. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Archiver, type ArchiverFacts } from '../../src/archive/archiver.ts';
import { type ArchiveKeeper, plainKeeper } from '../../src/archive/keeper.ts';
import { ARCHIVER_DEFAULTS } from '../../src/archive/options.ts';
import { systemTimers } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { BufferArchive, IntakeItem, IntakeResult, RecordBuffer } from '../../src/buffer/api.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { type CheckedRecord, type Kind, type Schedule, streamOf } from '../../src/record/types.ts';

export const DAY_MS = 24 * 3600 * 1000;
export const FIRST_DAY_MS = Date.parse('2026-11-01T08:00:00Z');

export interface Wish {
  readonly key: string;
  readonly schedule?: Schedule;
  readonly kind?: Kind;
  readonly refersTo?: string;
  readonly fill?: string;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly receivedAtMs?: number;
  readonly lane?: string;
}

/** An intake item with real hashes; equal wishes give equal bytes. */
export function item(wish: Wish): Extract<IntakeItem, { type: 'record' }> {
  const schedule = wish.schedule ?? 'NONE';
  const payload = Buffer.from(JSON.stringify({ idempotency_key: wish.key, schedule, ...wish.members }));
  const digest = hash('sha256', payload, 'buffer');
  const record: CheckedRecord = {
    idempotencyKey: wish.key,
    schedule,
    stream: streamOf(schedule),
    kind: wish.kind ?? 'DISPENSE',
    refersTo: wish.refersTo ?? null,
    laneInstance: null,
    laneSequence: null,
    fillIdentity: wish.fill ?? null,
    laneHash: digest,
    payload,
    payloadHash: digest,
    flags: [],
  };
  return {
    type: 'record',
    lane: wish.lane ?? 'till',
    receivedAtMs: wish.receivedAtMs ?? FIRST_DAY_MS,
    clock: 'synchronised',
    record,
  };
}

export class Store {
  readonly folder: string;
  nowMs = FIRST_DAY_MS;
  buffer!: RecordBuffer;
  #ownFolder: boolean;

  private constructor(folder: string | null) {
    this.#ownFolder = folder === null;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'counterfoil-archive-'));
  }

  static async open(folder: string | null = null): Promise<Store> {
    const store = new Store(folder);
    await store.reopen();
    return store;
  }

  async reopen(): Promise<void> {
    const clock = { utcMs: () => this.nowMs, monotonicMs: () => this.nowMs - FIRST_DAY_MS };
    const onFatal = (error: Error) => {
      throw error;
    };
    this.buffer = await openBuffer({
      dataDir: this.dataDir,
      gatewayId: 'gw-test',
      clock,
      onFatal,
      archiveDir: this.archiveDir,
    });
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  get archiveDir(): string {
    return join(this.folder, 'trail/archive');
  }

  async close(): Promise<void> {
    await this.buffer.close();
    if (this.#ownFolder) rmSync(this.folder, { recursive: true });
  }

  async take(...wishes: Wish[]): Promise<IntakeResult[]> {
    return await this.buffer.intake(wishes.map((wish) => item({ receivedAtMs: this.nowMs, ...wish })));
  }

  /** Settles everything PENDING as SYNCED. */
  async settleAll(): Promise<void> {
    for (const stream of ['standard', 'schedule_two'] as const) {
      for (;;) {
        const { entries } = this.buffer.readPending(stream, 500, 1e9);
        if (entries.length === 0) break;
        await this.buffer.settle(
          stream,
          entries.map(({ sequence }) => ({
            sequence,
            to: 'SYNCED',
            pmsId: `pms-${sequence}`,
            reason: null,
            verification: null,
          })),
        );
      }
    }
  }

  /** What the trail's writer does: says that everything so far stands in the segments. */
  async storeTrail(): Promise<void> {
    for (const log of ['audit', 'schedule_two'] as const) {
      const { index } = await this.buffer.note(log, 'stop', {});
      this.buffer.trail.markStored(log, index + 1);
    }
  }

  archiver(
    changes: { keeper?: ArchiveKeeper; archive?: BufferArchive; frameRecords?: number; removeRows?: number } = {},
  ): Archiver {
    const { keeper, archive, ...options } = changes;
    return new Archiver(
      { ...ARCHIVER_DEFAULTS, bufferMs: 14 * DAY_MS, pauseMs: 0, gatherRecords: 8, ...options },
      {
        archive: archive ?? this.buffer.archive,
        keeper: keeper ?? plainKeeper(this.archiveDir),
        clock: { utcMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        timers: systemTimers,
        log: silentLog,
        isBusy: () => false,
      },
    );
  }

  /** One run of the archiver, with the trail stored. */
  async archive(changes: Parameters<Store['archiver']>[0] = {}): Promise<ArchiverFacts> {
    await this.storeTrail();
    const archiver = this.archiver(changes);
    await archiver.runSoon();
    await archiver.stop();
    return archiver.facts();
  }

  query<T>(sql: string): T[] {
    const database = new Database(join(this.dataDir, 'buffer.db'), { readonly: true });
    try {
      return database.prepare<[], T>(sql).all();
    } finally {
      database.close();
    }
  }

  /** record_ids whose rows are in the buffer. */
  get rows(): number[] {
    return this.query<{ id: number }>('SELECT record_id AS id FROM record ORDER BY record_id').map(({ id }) => id);
  }
}
