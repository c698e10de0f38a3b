/**
 * The sealer, put together: what the gateway may ask for, one thing after the other. It alone owns the trail's folders and
 * the signing key; it has one capability and no network, reads nothing of what it keeps, and stops for nobody: whatever
 * a request does, the next one is served.
 *
 * Start: the folders are guarded, `a` and `i` are tried on a file, what an earlier life has left half-done is finished,
 * each trail has a segment ahead; only then does the socket open.
 */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import {
  ARCHIVE_STREAMS,
  type ArchiveOpenResult,
  type ArchivePartParams,
  type ArchiveStream,
  type OpenResult,
  SEALED_LOGS,
  type SealedLog,
  type SealerState,
  type SealResult,
  type SegmentParams,
  type SignParams,
  type SignResult,
} from '../base/sealer-wire.ts';
import { ArchiveFolder } from './archive-folder.ts';
import { makeFolder, requireGuarded } from './guarded.ts';
import { probeAttributes } from './probe.ts';
import { clearWorkshop, recoverFolder, sealBelow, unsealed } from './recover.ts';
import { sealFile, type Workshop } from './seal.ts';
import { SegmentFolder, segmentName } from './segment-folder.ts';
import { Signer } from './signer.ts';
import { SigningState } from './signing-state.ts';
import { readFlags } from './tools.ts';

/** A gateway whose writes fail asks for the next segment each time; it must not fill the disk with empty ones. */
const MAX_EMPTY = 16;

export interface SealerOptions {
  readonly trailDir: string;
  readonly stateDir: string;
  /** Archived months are kept so long after their end. */
  readonly retentionYears: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class Sealer {
  readonly #log: Log;
  readonly #folders: Readonly<Record<SealedLog, SegmentFolder>>;
  readonly #archive: Readonly<Record<ArchiveStream, ArchiveFolder>>;
  readonly #workshop: Workshop;
  /** The signer, or why there is none. */
  readonly #signer: Signer | CounterfoilError;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: SealerOptions, verity: boolean) {
    this.#log = options.log;
    const { trailDir } = options;
    this.#folders = {
      audit: new SegmentFolder(trailDir, 'audit'),
      schedule_two: new SegmentFolder(trailDir, 'schedule_two'),
    };
    const archive = (stream: ArchiveStream) =>
      new ArchiveFolder(trailDir, stream, options.retentionYears, options.clock);
    this.#archive = { standard: archive('standard'), schedule_two: archive('schedule_two') };
    this.#workshop = {
      path: join(trailDir, '.sealer'),
      verity,
      onFinding: ({ folder, file, message }) => this.#log.error(`${message} (${folder}/${file})`),
    };
    this.#signer = openSigner(options);
  }

  /** Throws `trail_unfit` (exit 78) where segments cannot be made append-only and kept so. */
  static async open(options: SealerOptions): Promise<Sealer> {
    const { trailDir, stateDir } = options;
    requireGuarded(trailDir);
    requireGuarded(stateDir);
    for (const log of SEALED_LOGS) {
      makeFolder(join(trailDir, log), 0o700);
      requireGuarded(join(trailDir, log));
    }
    makeFolder(join(trailDir, 'archive'), 0o700);
    requireGuarded(join(trailDir, 'archive'));
    // Whatever the umask was: the gateway's group has to get through.
    chmodSync(join(trailDir, 'archive'), 0o750);
    for (const stream of ARCHIVE_STREAMS) {
      makeFolder(join(trailDir, 'archive', stream), 0o700);
      requireGuarded(join(trailDir, 'archive', stream));
    }
    const workshop = join(trailDir, '.sealer');
    makeFolder(workshop, 0o700);
    requireGuarded(workshop);
    clearWorkshop({ path: workshop });
    const sealer = new Sealer(options, await probeAttributes(workshop));
    for (const log of SEALED_LOGS) await sealer.#recover(sealer.#folders[log]);
    for (const stream of ARCHIVE_STREAMS) await recoverFolder(sealer.#archive[stream], sealer.#workshop);
    return sealer;
  }

  /** Segment `n` is there, append-only, and so is the one after it. */
  openSegment({ log, n }: SegmentParams): Promise<OpenResult> {
    return this.#next(async () => {
      const folder = this.#folders[log];
      const newest = folder.newest();
      if (newest !== null && n < newest.n) {
        throw refused(`segment ${n} of ${log} is closed: segment ${newest.n} has been begun`);
      }
      const last = folder.list().at(-1)?.n ?? -1;
      const mostAhead = (newest?.n ?? -1) + MAX_EMPTY;
      if (n > Math.min(last + 1, mostAhead)) throw refused(`segment ${n} of ${log} cannot follow segment ${last}`);
      if (n === last + 1) await folder.create(n);
      const { appendOnly, immutable } = await readFlags(folder.path, segmentName(n));
      if (immutable) throw refused(`segment ${n} of ${log} is sealed`);
      await this.#keepSpare(folder, n);
      return { appendOnly, sizeBytes: folder.list().find((file) => file.n === n)?.sizeBytes ?? 0 };
    });
  }

  /** Segment `n`, and what was left unsealed before it, can no longer be changed by anybody. */
  seal({ log, n }: SegmentParams): Promise<SealResult> {
    return this.#next(async () => {
      const folder = this.#folders[log];
      const file = folder.list().find((segment) => segment.n === n);
      if (file === undefined) throw refused(`there is no segment ${n} of ${log}`);
      if (file.sizeBytes === 0 && (folder.newest()?.n ?? -1) < n) {
        throw refused(`segment ${n} of ${log} is empty and nothing follows it`);
      }
      // Sealing must not leave the trail without a segment to go on in.
      await this.#keepSpare(folder, n);
      await sealBelow(folder, this.#workshop, n);
      return await sealFile(folder, this.#workshop, segmentName(n));
    });
  }

  openArchive(part: ArchivePartParams): Promise<ArchiveOpenResult> {
    return this.#next(() => this.#archive[part.stream].open(part, this.#workshop));
  }

  sealArchive(part: ArchivePartParams): Promise<SealResult> {
    return this.#next(() => this.#archive[part.stream].seal(part, this.#workshop));
  }

  expireArchive(part: ArchivePartParams): Promise<{ gone: true }> {
    return this.#next(async () => {
      await this.#archive[part.stream].expire(part);
      return { gone: true };
    });
  }

  /** Throws `checkpoint_refused`, `signer_damaged`. */
  sign(request: SignParams): Promise<SignResult> {
    return this.#next(async () => {
      if (this.#signer instanceof CounterfoilError) throw this.#signer;
      return { note: this.#signer.sign(request) };
    });
  }

  state(): Promise<SealerState> {
    return this.#next(async () => ({
      verity: this.#workshop.verity,
      publicKey: this.#signer instanceof CounterfoilError ? null : this.#signer.publicKey,
      logs: { audit: await this.#logState('audit'), schedule_two: await this.#logState('schedule_two') },
    }));
  }

  /** Resolves when what was asked for so far is done. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #recover(folder: SegmentFolder): Promise<void> {
    for (const name of folder.strangers()) {
      this.#log.error(`${join(folder.path, name)} is no segment; only root can have put it there`);
    }
    await recoverFolder(folder, this.#workshop);
    // A full or failing disk keeps neither from what is there: what fails now is tried again at the next request.
    await this.#attempt(folder, () => sealBelow(folder, this.#workshop, folder.newest()?.n ?? 0));
    await this.#keepSpare(folder, folder.newest()?.n ?? -1);
  }

  /** An empty segment behind segment `n`, so that the gateway can go on while we are away or the disk is full. */
  async #keepSpare(folder: SegmentFolder, n: number): Promise<void> {
    const last = folder.list().at(-1);
    if (last !== undefined && last.sizeBytes === 0 && last.n > n) return;
    await this.#attempt(folder, () => folder.create((last?.n ?? -1) + 1));
  }

  async #attempt(folder: SegmentFolder, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const hint = error instanceof CounterfoilError ? { code: error.code, hint: error.hint } : {};
      this.#log.error(messageOf(error), { trail: folder.label, ...hint });
    }
  }

  async #logState(log: SealedLog): Promise<SealerState['logs']['audit']> {
    const folder = this.#folders[log];
    const newest = folder.newest()?.n ?? null;
    const last = folder.list().at(-1)?.n ?? -1;
    const signer = this.#signer;
    return {
      newest,
      spare: last > (newest ?? -1) ? last : null,
      unsealed: (await unsealed(folder, newest ?? 0)).length,
      head: signer instanceof CounterfoilError ? null : signer.newest(log),
      trouble: signer instanceof CounterfoilError ? signer.message : null,
    };
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** Segments are kept whatever has become of the signer's state; only signing stops. */
function openSigner({ stateDir, log }: SealerOptions): Signer | CounterfoilError {
  try {
    return new Signer(SigningState.open(stateDir));
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    log.error(error.message, { code: error.code, hint: error.hint });
    return error;
  }
}

function refused(message: string): CounterfoilError {
  return new CounterfoilError('usage', message, 'Gateway and sealer disagree: compare trail_dir of both.');
}
