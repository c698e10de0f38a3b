/**
 * The process that keeps the mirror. Whatever the medium does (hangs, fills up, is pulled) is done to this process: the gateway
 * only hears of it, or hears nothing, which is also an answer. It ends when its standard input does.
 */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { diskFault } from '../../backup/faults.ts';
import { MirrorTree } from '../../backup/mirror-tree.ts';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { bufferPaths } from '../../buffer/files.ts';
import { Mirror } from '../../buffer/mirror/mirror.ts';
import { type MirrorAnswer, type MirrorTask, mirrorAsk, mirrorTask } from './wire.ts';

/** A medium that takes longer for a comparison has the buffer let go of. */
const PATIENCE_MS = 30_000;
/** Once a day every page is compared: a medium that has forgotten something is mended. */
const COMPARE_EVERY_MS = 24 * 3600_000;

/** Serves ticks until standard input ends. */
export async function keepMirror(input: NodeJS.ReadableStream, write: (line: string) => void): Promise<void> {
  let keeper: MirrorKeeper | null = null;
  for await (const line of createInterface({ input })) {
    if (keeper === null) {
      keeper = new MirrorKeeper(mirrorTask.parse(JSON.parse(line)));
      continue;
    }
    const { tick } = mirrorAsk.parse(JSON.parse(line));
    write(`${JSON.stringify({ tick, fault: await keeper.tick() } satisfies MirrorAnswer)}\n`);
  }
  await keeper?.end();
}

class MirrorKeeper {
  readonly #task: MirrorTask;
  readonly #mirror: Mirror;
  #device: number | null = null;
  #comparedAtMs = 0;

  constructor(task: MirrorTask) {
    this.#task = task;
    const tree = new MirrorTree({ ...task, to: task.mirrorDir });
    this.#mirror = new Mirror({
      source: bufferPaths(task.dataDir).db,
      directory: task.mirrorDir,
      salts: () => {
        const bytes = randomBytes(8);
        return [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
      },
      others: async (attaching) => {
        await tree.sync(attaching !== null);
        if (attaching === null) return;
        this.#comparedAtMs = systemClock.monotonicMs();
        await tree.expire(attaching.expired);
      },
    });
  }

  /** Null when the mirror has everything that was committed before the call. */
  async tick(): Promise<MirrorAnswer['fault']> {
    const enough = systemTimers.after(PATIENCE_MS, () => this.#mirror.letGo());
    try {
      await this.#sameMedium();
      await this.#mirror.tick();
      return null;
    } catch (error) {
      const known = diskFault(error, this.#task.mirrorDir, 'the gateway goes on without the mirror');
      if (known instanceof CounterfoilError) return { code: known.code, message: known.message, hint: known.hint };
      return { code: 'internal', message: messageOf(known), hint: 'It is tried again; report it if it stays.' };
    } finally {
      enough();
    }
  }

  async end(): Promise<void> {
    await this.#mirror.detach();
  }

  /** The folder without its medium is a folder on the box's own disk, and must not be taken for it. */
  async #sameMedium(): Promise<void> {
    const { dataDir, mirrorDir } = this.#task;
    const device = statSync(mirrorDir, { throwIfNoEntry: false })?.dev ?? null;
    const isOver = systemClock.monotonicMs() - this.#comparedAtMs > COMPARE_EVERY_MS;
    if (device !== this.#device || isOver) await this.#mirror.detach();
    this.#device = device;
    if (device !== null && device !== statSync(dataDir).dev) return;
    this.#device = null;
    throw new CounterfoilError(
      'mirror_missing',
      device === null ? `${mirrorDir} is not there` : `${mirrorDir} is on the same disk as data_dir`,
      'Plug in and mount the medium of the mirror (storage.mirror_dir).',
    );
  }
}
