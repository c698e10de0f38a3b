/**
 * A disk in memory that can fail at every call, lose power, and lie: what a failed sync was to cover is in doubt for ever,
 * though it reads back and later syncs succeed. Also keeps segments, as the sealer would.
 */
import type { Random } from '../../src/base/clock.ts';
import type { TrailLog } from '../../src/buffer/api.ts';
import type { SegmentKeeper } from '../../src/trail/api.ts';
import type { TrailDisk } from '../../src/trail/disk.ts';
import { segmentName, segmentPath } from '../../src/trail/names.ts';

export type Call = 'prepare' | 'seal' | 'list' | 'open' | 'append' | 'sync' | 'size' | 'close' | 'read' | 'sync-closed';

/** `none`: nothing happened. `done`: it happened all the same. `half`: an append arrived in part. */
export interface Fault {
  readonly did: 'none' | 'half' | 'done';
  readonly code: string;
}

interface File {
  bytes: Buffer;
  /** Bytes from the beginning that no power cut takes away. */
  durable: number;
  /** From here on a sync has failed since the machine was started: no later one brings these bytes to the disk. */
  doubtFrom: number | null;
  /** A sync of it has ever failed. */
  isDoubtful: boolean;
}

export const TRAIL_DIR = '/trail';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: as ordered`), { code });
}

export class MemoryDisk {
  readonly files = new Map<string, File>();
  /** Asked before each call; its number counts from 1. */
  faultAt: (call: Call, number: number) => Fault | null = () => null;
  calls = 0;
  readonly sealed: string[] = [];
  #life = 0;

  /** The disk as one process sees it: once that is gone its calls end nowhere. */
  session(): TrailDisk & SegmentKeeper {
    const life = this.#life;
    const on = async <T>(call: Call, task: (part: number) => T, onFailure: () => void = () => undefined): Promise<T> =>
      await this.#call(life, call, task, onFailure);
    const syncFile = (call: Call, file: () => File) =>
      on(
        call,
        () => this.#sync(file()),
        () => this.#doubt(file()),
      );
    return {
      list: (directory) =>
        on('list', () =>
          [...this.files]
            .filter(([path]) => path.startsWith(`${directory}/`))
            .map(([path, { bytes }]) => ({ n: Number(path.slice(-12, -4)), bytes: bytes.length }))
            .sort((a, b) => a.n - b.n),
        ),
      open: async (path) => {
        const file = await on('open', () => this.#file(path));
        return {
          append: (bytes) =>
            on('append', (part) => {
              file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, Math.floor(bytes.length * part))]);
            }),
          sync: () => syncFile('sync', () => file),
          size: () => on('size', () => file.bytes.length),
          close: () => on('close', () => undefined),
        };
      },
      read: (path, start, length) =>
        on('read', () => Buffer.from(this.#file(path).bytes.subarray(start, start + length))),
      sync: (path) => syncFile('sync-closed', () => this.#file(path)),
      prepare: (log, n) =>
        on('prepare', () => {
          const path = segmentPath(TRAIL_DIR, log, n);
          if (!this.files.has(path))
            this.files.set(path, { bytes: Buffer.alloc(0), durable: 0, doubtFrom: null, isDoubtful: false });
          return { path, appendOnly: false };
        }),
      seal: (log, n) =>
        on('seal', () => {
          this.sealed.push(`${log}/${segmentName(n)}`);
        }),
      worm: () => 'none',
      close: async () => undefined,
    };
  }

  /** Files of a trail by name. */
  namesOf(log: TrailLog): ReadonlyMap<string, Buffer> {
    const directory = `${TRAIL_DIR}/${log}/`;
    return new Map(
      [...this.files].flatMap(([path, { bytes }]) =>
        path.startsWith(directory) ? [[path.slice(directory.length), bytes]] : [],
      ),
    );
  }

  /** Segments of a trail of which a sync has failed. */
  doubtful(log: TrailLog): Set<number> {
    const found = new Set<number>();
    for (const [path, { isDoubtful }] of this.files) {
      if (isDoubtful && path.startsWith(`${TRAIL_DIR}/${log}/`)) found.add(Number(path.slice(-12, -4)));
    }
    return found;
  }

  /** SIGKILL: whatever the old process still calls does nothing; the page cache stays. */
  kill(): void {
    this.#life += 1;
    this.faultAt = () => null;
  }

  /** What no sync has covered arrives whole, torn anywhere, as zeroes, as garbage, or not at all. */
  cutPower(random: Random): void {
    this.kill();
    for (const file of this.files.values()) {
      // The page cache that was lied about is gone: what is read now is what the disk has.
      file.doubtFrom = null;
      const tail = file.bytes.subarray(file.durable);
      if (tail.length === 0) continue;
      const kept = Math.floor(random() * (tail.length + 1));
      const fates = [
        () => Buffer.alloc(0),
        () => tail,
        () => tail.subarray(0, kept),
        () => Buffer.concat([tail.subarray(0, kept), Buffer.alloc(tail.length - kept)]),
        () => Buffer.alloc(kept),
        () => Buffer.concat([tail.subarray(0, kept), Buffer.alloc(tail.length - kept, `garbage ${random()}\n`)]),
        () => Buffer.concat([Buffer.alloc(tail.length - kept), tail.subarray(tail.length - kept)]),
      ];
      const fate = fates[Math.floor(random() * fates.length)];
      file.bytes = Buffer.concat([file.bytes.subarray(0, file.durable), fate?.() ?? tail]);
      file.durable = file.bytes.length;
    }
  }

  #file(path: string): File {
    const file = this.files.get(path);
    if (file === undefined) throw failure('ENOENT');
    return file;
  }

  #sync(file: File): void {
    file.durable = Math.max(file.durable, Math.min(file.bytes.length, file.doubtFrom ?? file.bytes.length));
  }

  #doubt(file: File): void {
    file.doubtFrom ??= file.durable;
    file.isDoubtful = true;
  }

  async #call<T>(life: number, call: Call, task: (part: number) => T, onFailure: () => void): Promise<T> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const forEver = new Promise<never>(() => undefined);
    if (life !== this.#life) return await forEver;
    this.calls += 1;
    const fault = this.faultAt(call, this.calls);
    // An order to kill may have come with the question.
    if (life !== this.#life) return await forEver;
    if (fault === null) return task(1);
    if (fault.did === 'done') task(1);
    if (fault.did === 'half' && call === 'append') task(0.5);
    if (fault.did !== 'done') onFailure();
    throw failure(fault.code);
  }
}
