/**
 * Brings copies of closed segments and sealed archive files to an object store that keeps them locked: level L4, a copy that not even
 * root on this box can take back. One file at a time, slowly, whenever records need neither line nor processor; nothing waits
 * for it. It never gives up, never overwrites, and believes an upload only when the store then says the same hash and the lock.
 *
 * If the power goes: before the store has answered, the file is sent again, or found there; between the entry in the trail and
 * the note in the ledger, the store is asked again and the entry is written twice.
 */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { TrailBodyOf } from '../../record/trail-kinds.ts';
import { UPLOAD_FAULTS, UploadFault, type UploadFaultCode } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { ObjectHead, ObjectStore } from './object-store.ts';
import { type HashedFile, hashFile, sendFile } from './paced-file.ts';
import type { Waiting } from './waiting.ts';

const YEAR_MS = 365.25 * 24 * 3600 * 1000;
/** Stores keep whole seconds, and a lock that ends a moment earlier is not another lock. */
const LOCK_SLACK_MS = 24 * 3600 * 1000;

export interface UploaderOptions {
  /** What stands before every name: prefix, gateway. Ends with a slash, or is empty. */
  readonly prefix: string;
  readonly lockYears: number;
  readonly bytesPerSecond: number;
  readonly startMs: number;
  readonly everyMs: number;
  readonly retryMs: number;
  readonly longestMs: number;
  readonly busyPauseMs: number;
  readonly busyPauses: number;
}

export interface UploaderParts {
  readonly ledger: Ledger;
  /** A connection made with the secrets as they are now. Throws an `UploadFault`. */
  readonly connect: () => ObjectStore;
  /** What is closed and not yet there, oldest first. */
  readonly waiting: () => readonly Waiting[];
  /** Records need the line or the processor. */
  readonly isBusy: () => boolean;
  /** Writes one entry into trail `audit`; resolves once it is fixed. */
  readonly note: (body: TrailBodyOf<'upload'>) => Promise<unknown>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export interface UploaderFacts {
  readonly waitingFiles: number;
  readonly waitingBytes: number;
  /** Last change of the file that waits longest, UTC ms; null when none does. */
  readonly oldestMs: number | null;
  readonly uploadedTotal: number;
  readonly lastStoredMs: number | null;
  readonly fault: {
    readonly code: UploadFaultCode;
    readonly message: string;
    readonly hint: string;
    readonly sinceMs: number;
    readonly attempts: number;
  } | null;
}

/** Thrown by a pause when the uploader is being stopped. */
class Stopped extends Error {}

export class Uploader {
  readonly #options: UploaderOptions;
  readonly #parts: UploaderParts;
  #waiting: readonly Waiting[] = [];
  #store: ObjectStore | null = null;
  #run: Promise<void> | null = null;
  #cancel: () => void = () => {};
  #endPause: () => void = () => {};
  #isStopped = false;
  #failures = 0;
  #uploadedTotal = 0;
  #lastStoredMs: number | null = null;
  #fault: { code: UploadFaultCode; sinceMs: number; attempts: number } | null = null;

  constructor(options: UploaderOptions, parts: UploaderParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    this.#next(this.#options.startMs);
  }

  /** Breaks off what is under way; the next start goes on with it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    this.#endPause();
    await this.#close();
    await this.#run;
  }

  facts(): UploaderFacts {
    const [oldest] = this.#waiting;
    const fault = this.#fault;
    return {
      waitingFiles: this.#waiting.length,
      waitingBytes: this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0),
      oldestMs: oldest?.changedMs ?? null,
      uploadedTotal: this.#uploadedTotal,
      lastStoredMs: this.#lastStoredMs,
      fault: fault === null ? null : { ...fault, ...UPLOAD_FAULTS[fault.code] },
    };
  }

  #next(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.timers.after(delayMs, () => {
      this.#run = this.#pass().finally(() => {
        this.#run = null;
      });
    });
  }

  /** Never throws. */
  async #pass(): Promise<void> {
    try {
      await this.#all();
      this.#failures = 0;
      this.#fault = null;
      this.#next(this.#options.everyMs);
    } catch (error) {
      if (!(error instanceof Stopped) && !this.#isStopped) await this.#failed(error);
    } finally {
      await this.#close();
    }
  }

  /** Never throws: a connection that cannot be ended well is gone all the same. */
  async #close(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    await store?.close().catch((error: unknown) => {
      this.#parts.log.warn('the connection to the object store did not end well', { error: messageOf(error) });
    });
  }

  async #all(): Promise<void> {
    this.#waiting = this.#parts.waiting();
    if (this.#waiting.length === 0) return;
    const store = this.#parts.connect();
    this.#store = store;
    await store.requireLock();
    for (let file = this.#waiting[0]; file !== undefined; file = this.#waiting[0]) {
      await this.#pause(0);
      await this.#bring(store, file);
      this.#waiting = this.#parts.waiting();
    }
  }

  async #bring(store: ObjectStore, file: Waiting): Promise<void> {
    const { note, clock, log } = this.#parts;
    const key = `${this.#options.prefix}${this.#parts.ledger.folder}/${file.name}`;
    const hashed = await hashFile(file.path, (bytes) => this.#pause(bytes));
    const lockUntilMs = Math.trunc((clock.utcMs() + this.#options.lockYears * YEAR_MS) / 1000) * 1000;
    const before = await store.head(key);
    if (before !== null) requireSame(before, hashed);
    const isThere = before !== null && isLockedUntil(before, lockUntilMs - LOCK_SLACK_MS);
    const version = isThere ? null : await this.#put(store, key, file, hashed, lockUntilMs);
    const hash = toBase64(hashed.sha256);
    await note({ already: isThere, bytes: hashed.bytes, file: file.name, hash, step: 'stored', version });
    await this.#noted(file);
    this.#uploadedTotal += 1;
    this.#lastStoredMs = clock.utcMs();
    log.info('a file is in the object store', { reason: file.name, bytes: hashed.bytes });
  }

  async #put(
    store: ObjectStore,
    key: string,
    file: Waiting,
    hashed: HashedFile,
    lockUntilMs: number,
  ): Promise<string | null> {
    const { bytes, sha256, md5 } = hashed;
    const hash = toBase64(sha256);
    await this.#parts.note({ bytes, file: file.name, hash, step: 'begin', until_ms: lockUntilMs });
    const body = () => sendFile(file.path, bytes, (sent) => this.#pause(sent));
    const version = await store.put({ key, bytes, sha256, md5, lockUntilMs, body });
    const after = await store.head(key);
    if (after === null) throw new UploadFault('not_locked', 'nothing is under that name');
    requireSame(after, hashed);
    if (!isLockedUntil(after, lockUntilMs - LOCK_SLACK_MS)) throw new UploadFault('not_locked', 'no COMPLIANCE lock');
    return version;
  }

  async #noted({ of }: Waiting): Promise<void> {
    const { ledger } = this.#parts;
    if (of.kind === 'segment') await ledger.noteSegment(of.log, of.n);
    else await ledger.noteArchive(of.file);
  }

  async #failed(error: unknown): Promise<void> {
    const { note, clock, log } = this.#parts;
    this.#failures += 1;
    try {
      const fault = error instanceof UploadFault ? error : null;
      if (fault === null) log.error('uploading has failed', { error: messageOf(error) });
      else {
        const isNew = this.#fault?.code !== fault.code;
        const sinceMs = isNew ? clock.utcMs() : (this.#fault?.sinceMs ?? clock.utcMs());
        this.#fault = { code: fault.code, sinceMs, attempts: this.#failures };
        const file = this.#waiting[0]?.name ?? null;
        const { hint } = UPLOAD_FAULTS[fault.code];
        log.warn(fault.message, { code: fault.code, reason: file ?? '', error: fault.detail, hint });
        // The trail hears of a fault when it begins, not at each attempt.
        if (isNew) await note({ code: fault.code, file, step: 'failed' });
      }
    } catch (trouble) {
      log.error('the trail cannot be told of an upload', { error: messageOf(trouble) });
    }
    const { retryMs, longestMs } = this.#options;
    // Full jitter: stores that lost the same server do not come back in step.
    const most = Math.min(longestMs, retryMs * 2 ** Math.min(this.#failures - 1, 30));
    this.#next(Math.ceil(this.#parts.random() * most));
  }

  /** The time so many bytes may take, and longer while records need line or processor. Throws `Stopped`. */
  async #pause(bytes: number): Promise<void> {
    const { bytesPerSecond, busyPauseMs, busyPauses } = this.#options;
    await this.#wait((bytes / bytesPerSecond) * 1000);
    for (let pauses = 0; this.#parts.isBusy() && pauses < busyPauses; pauses++) await this.#wait(busyPauseMs);
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#isStopped) throw new Stopped();
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.timers.after(delayMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
    if (this.#isStopped) throw new Stopped();
  }
}

function requireSame(head: ObjectHead, { bytes, sha256 }: HashedFile): void {
  if (head.bytes === bytes && head.sha256 === sha256) return;
  throw new UploadFault('other_object', `${head.bytes} bytes there, ${bytes} here`);
}

const isLockedUntil = ({ lockedUntilMs }: ObjectHead, untilMs: number): boolean =>
  lockedUntilMs !== null && lockedUntilMs >= untilMs;

const toBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
