/**
 * The outbox in memory, by the comments of `TrailOutbox`: rows go as soon as they may, what `markStored` says reaches the
 * "disk" with the next commit, and a power cut leaves what a commit had brought there.
 */
import type { FixedEntry, TrailBody, TrailLog, TrailOutbox, TrailPlace } from '../../src/buffer/api.ts';
import { bodyJson, entryText, leafOf } from '../../src/buffer/entry.ts';

interface LogState {
  /** Rows by index; those below `firstRow` are gone. */
  rows: FixedEntry[];
  firstRow: number;
  /** As told, and as it would be after a power cut. */
  stored: number;
  storedOnDisk: number;
  note: string | null;
  cosignedSize: number;
}

const emptyState = (): LogState => ({
  rows: [],
  firstRow: 0,
  stored: 0,
  storedOnDisk: 0,
  note: null,
  cosignedSize: 0,
});

export class MemoryOutbox implements TrailOutbox {
  readonly logs: Record<TrailLog, LogState> = { audit: emptyState(), schedule_two: emptyState() };
  /** Set to make commits fail, as a full disk would. */
  isFull = false;
  /** Rows are kept although they may go. */
  keepsRows = false;
  /** UTC for new entries. */
  utcMs = Date.UTC(2026, 10, 25, 8);
  #listener: Parameters<TrailOutbox['onFixed']>[0] = null;

  storedSize(log: TrailLog): number {
    return this.logs[log].stored;
  }

  size(log: TrailLog): number {
    const { firstRow, rows } = this.logs[log];
    return firstRow + rows.length;
  }

  read(log: TrailLog, from: number, limit: number, maxBytes: number): readonly FixedEntry[] {
    const { rows, firstRow } = this.logs[log];
    if (from < firstRow) throw Object.assign(new Error('rows are gone'), { code: 'buffer_damaged' });
    const found: FixedEntry[] = [];
    let bytes = 0;
    for (const row of rows.slice(from - firstRow, from - firstRow + limit)) {
      if (found.length > 0 && bytes + row.text.length > maxBytes) break;
      bytes += row.text.length;
      found.push(row);
    }
    return found;
  }

  onFixed(listener: Parameters<TrailOutbox['onFixed']>[0]): void {
    this.#listener = listener;
  }

  markStored(log: TrailLog, size: number): void {
    this.logs[log].stored = Math.max(this.logs[log].stored, size);
  }

  checkpoint(log: TrailLog) {
    const { note, cosignedSize } = this.logs[log];
    return { note, cosignedSize };
  }

  async noteCheckpoint(log: TrailLog, note: string): Promise<TrailPlace> {
    const place = await this.note(log, 'cp', { note });
    this.logs[log].note = note;
    return place;
  }

  async noteCosignature(log: TrailLog, size: number, cosignature: string): Promise<TrailPlace> {
    const place = await this.note(log, 'cosigned', { cosignature, size });
    this.logs[log].cosignedSize = Math.max(this.logs[log].cosignedSize, size);
    return place;
  }

  /** One commit with one entry. */
  note = async (log: TrailLog, kind: string, body: TrailBody): Promise<TrailPlace> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.isFull) throw new Error('disk full');
    const [entry] = this.fix(log, [{ kind, body }]);
    if (entry === undefined) throw new Error('nothing was fixed');
    return { log, index: entry.index, leaf: Buffer.from(entry.leaf, 'base64') };
  };

  /** One commit with these entries, at once. */
  fix(log: TrailLog, entries: readonly { readonly kind: string; readonly body: TrailBody }[]): FixedEntry[] {
    const state = this.logs[log];
    const fixed: FixedEntry[] = [];
    for (const { kind, body } of entries) {
      const previous = fixed.at(-1)?.leaf ?? state.rows.at(-1)?.leaf ?? this.#lastLeaf[log];
      const index = this.size(log) + fixed.length;
      const previousLeaf = Buffer.from(previous, 'base64');
      const head = { bootId: 'boot-1', index, monotonicMs: index, previousLeaf, utcMs: this.utcMs };
      const text = entryText(head, kind, bodyJson(body));
      fixed.push({ index, text, leaf: leafOf(text).toString('base64') });
    }
    state.rows.push(...fixed);
    this.#commit();
    this.#listener?.(log, fixed);
    return fixed;
  }

  /** Adds `count` entries that say something, in one commit. */
  add(count: number, log: TrailLog = 'audit', filler = 0): FixedEntry[] {
    const from = this.size(log);
    return this.fix(
      log,
      Array.from({ length: count }, (_, at) => ({ kind: 'settle', body: { x: 'x'.repeat(filler), n: from + at } })),
    );
  }

  readonly #lastLeaf: Record<TrailLog, string> = {
    audit: Buffer.alloc(32).toString('base64'),
    schedule_two: Buffer.alloc(32).toString('base64'),
  };

  #commit(): void {
    for (const [log, state] of Object.entries(this.logs) as [TrailLog, LogState][]) {
      state.storedOnDisk = state.stored;
      if (this.keepsRows) continue;
      const gone = Math.max(0, Math.min(state.stored - state.firstRow, state.rows.length));
      this.#lastLeaf[log] = state.rows[gone - 1]?.leaf ?? this.#lastLeaf[log];
      // The last row stays: the next entry needs its leaf.
      if (gone === state.rows.length && gone > 0) this.#lastLeaf[log] = state.rows.at(-1)?.leaf ?? '';
      state.rows.splice(0, gone);
      state.firstRow += gone;
    }
  }

  /** As `close` of the buffer: what was told is on disk. */
  close(): void {
    this.#listener = null;
    for (const state of Object.values(this.logs)) state.storedOnDisk = state.stored;
  }

  /** The process is gone: what no commit had brought to disk is forgotten. */
  crash(): void {
    this.#listener = null;
    for (const state of Object.values(this.logs)) state.stored = state.storedOnDisk;
  }
}
