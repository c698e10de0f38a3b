/**
 * One of the two trails, from its start on: recovered, caught up with the buffer, compared with whoever has seen it, then
 * written and signed. Its parts are made here; they do not know each other.
 */
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { FixedEntry, TrailLog } from '../buffer/api.ts';
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import { parseVerifierKey } from '../tlog/verifier-key.ts';
import type { LogFacts, SignedHead } from './api.ts';
import { type Begun, SegmentAppender, type SegmentFault } from './appender.ts';
import { Checkpointer } from './checkpointer.ts';
import { Comparison, type SeenHead } from './compare.ts';
import { codeOf } from './disk.ts';
import { countRows } from './entry-queue.ts';
import { FAULT_CODES, fatalError, isFatal, troubleOf } from './faults.ts';
import type { LineGroup } from './line-group.ts';
import { LogWriter } from './log-writer.ts';
import { NodeCache } from './node-cache.ts';
import type { Notes } from './notes.ts';
import { type Recovery, recover } from './recover.ts';
import { Sealing } from './sealing.ts';
import type { TrailParts } from './trail.ts';
import { TreeStore } from './tree-store.ts';
import type { Troubles, TroubleTexts } from './troubles.ts';

const STOP_ROUNDS = 5;

export interface LogTrailParts extends TrailParts {
  readonly notes: Notes;
  readonly troubles: Troubles;
}

export class LogTrail {
  readonly #log: TrailLog;
  readonly #parts: LogTrailParts;
  readonly #recovery: Recovery;
  readonly #sealing: Sealing;
  readonly #writer: LogWriter;
  readonly tree: TreeStore;
  readonly comparison: Comparison;
  readonly checkpointer: Checkpointer;
  /** Something was appended in this life of the process. */
  #hasWorked = false;
  #treeFails = false;

  /** Reads the segments; throws Node's error when that cannot be done. Nothing is written yet. */
  static async open(log: TrailLog, parts: LogTrailParts, fixedSize: () => number): Promise<LogTrail> {
    const { trailDir, disk, outbox } = parts;
    const recovery = await recover({ log, trailDir, disk, outbox, fixedSize: fixedSize() });
    return new LogTrail(log, parts, recovery, fixedSize());
  }

  private constructor(log: TrailLog, parts: LogTrailParts, recovery: Recovery, fixed: number) {
    const { options, outbox, clock, timers, notes, trailDir, disk, keeper } = parts;
    this.#log = log;
    this.#parts = parts;
    this.#recovery = recovery;
    const { index } = recovery;
    this.tree = new TreeStore(
      (from, to) => index.leaves(from, to),
      new NodeCache(join(parts.dataDir, `trail-${log}.nodes`)),
    );
    this.#sealing = new Sealing({
      log,
      keeper,
      onFault: (fault) => this.#onSealFault(fault),
      onSealed: () => parts.troubles.clear(log, ['segment_seal']),
    });
    const appender = new SegmentAppender(
      { log, trailDir, disk, keeper, clock, segmentBytes: options.segmentBytes },
      recovery.tip,
    );
    this.#writer = new LogWriter(
      {
        log,
        outbox,
        appender,
        clock,
        timers,
        gatherMs: options.gatherMs,
        onStored: (group, begun) => this.#onStored(group, begun),
        onFault: (fault, inARow) => this.#onFault(fault, inARow),
        onMisfit: (at) => this.#halt('chain', at),
      },
      { stored: recovery.stored, lastLeaf: recovery.lastLeaf, fixed },
    );
    this.comparison = new Comparison({
      log,
      tree: this.tree,
      fixed: () => this.#writer.fixed,
      reached: (size) => this.#writer.reached(size),
      tell: (kind, body) => notes.add(log, kind, body),
      onTrouble: (trouble) => this.#raise(trouble),
    });
    this.checkpointer = new Checkpointer({
      log,
      origin: `${parts.gatewayId}/${parts.epoch}/${log}`,
      tree: this.tree,
      signer: parts.signer,
      outbox,
      note: parts.note,
      clock,
      timers,
      everyMs: options.checkpointEveryMs,
      onHead: async (head) => {
        await this.comparison.judge('signer', head);
      },
      onTrouble: (trouble) => this.#raise(trouble),
      onSigned: () => parts.troubles.clear(log, ['checkpoint_refused', 'checkpoint_failed', 'sealer_unreachable']),
    });
  }

  /** Catches up and compares. Never rejects: what goes wrong is told, and the gateway takes records all the same. */
  async start(): Promise<void> {
    const { notes } = this.#parts;
    const { losses, stopped, doubtful, unnoted, newestTelling } = this.#recovery;
    for (const { by, have, known } of losses) this.comparison.lost(by, have, known);
    for (const { n, code } of doubtful) notes.add(this.#log, 'trail_fault', { code, n, step: 'sync' });
    if (stopped !== null) return await this.#startHalted(stopped);
    for (const { n, hash } of unnoted) notes.add(this.#log, 'segment', { hash, n });
    await this.#loadTree();
    this.#writer.start();
    await this.#writer.reached(this.#writer.fixed);
    await this.#compareHeads();
    await notes.flush();
    await this.#writer.reached(this.#writer.fixed);
    this.#sealing.below(this.#writer.segment);
    if (newestTelling >= 0) this.checkpointer.told(newestTelling);
  }

  async #startHalted(why: 'hole' | 'fork'): Promise<void> {
    this.#writer.start();
    this.#halt(why, this.#recovery.stored);
    await this.#parts.notes.flush();
  }

  take(entries: readonly FixedEntry[]): void {
    this.#writer.take(entries);
  }

  get facts(): LogFacts {
    const { fixed, stored, segment } = this.#writer;
    const checkpoint = this.checkpointer.newest();
    const { cosignedSize } = this.#parts.outbox.checkpoint(this.#log);
    return { fixedSize: fixed, storedSize: stored, lagMs: this.#writer.lagMs(), segment, checkpoint, cosignedSize };
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  /** Appends what there is and has it signed; what the disk does not take at the first try stays in the buffer. */
  async stop(): Promise<void> {
    this.#writer.hurry();
    if (await this.#caughtUp()) await this.checkpointer.finish();
    // What is appended may begin a segment, and that is told in an entry of its own.
    for (let round = 0; round < STOP_ROUNDS; round += 1) {
      const isCaughtUp = await this.#caughtUp();
      await this.#parts.notes.flush();
      if (!isCaughtUp || this.#countFixed() === this.#writer.stored) break;
    }
    await this.#writer.stop();
    await this.#sealing.settled();
    await this.tree.settled();
  }

  /** Whether all that is fixed by now could be appended, told or not. */
  async #caughtUp(): Promise<boolean> {
    if (this.#writer.halted) return false;
    this.#writer.expect(this.#countFixed());
    return await this.#writer.reached(this.#writer.fixed);
  }

  #countFixed(): number {
    return countRows(this.#parts.outbox, this.#log, this.#writer.fixed);
  }

  /** The tree as the cache has it, if that is the one the buffer's checkpoint names; else from the segments. */
  async #loadTree(): Promise<void> {
    const stored = this.#writer.stored;
    try {
      await this.tree.load(stored);
      const seen = await this.#bufferHead();
      if (seen !== null && seen.size <= stored && (await this.tree.rootAt(seen.size)).equals(seen.root)) return;
      await this.tree.rebuild(stored);
    } catch (error) {
      this.#treeFailed(error);
    }
  }

  /** The newest checkpoint the buffer knows, if it is signed by our key. */
  async #bufferHead() {
    const { note } = this.#parts.outbox.checkpoint(this.#log);
    return note === null ? null : await openOwnNote(this.#parts.signer, note);
  }

  async #compareHeads(): Promise<void> {
    const { note } = this.#parts.outbox.checkpoint(this.#log);
    try {
      const seen = await this.#bufferHead();
      if (seen !== null && note !== null) {
        const verifierKey = await this.#parts.signer.verifierKey(seen.origin);
        this.checkpointer.restore({ size: seen.size, note, verifierKey, atMs: this.#parts.clock.utcMs() });
        await this.comparison.judge('buffer', seen);
      }
    } catch (error) {
      this.#raise({
        code: codeOf(error) === 'unknown' ? 'checkpoint_failed' : codeOf(error),
        message: `the buffer's checkpoint could not be compared with the trail: ${messageOf(error)}`,
        hint: 'Look at the disk of trail_dir, and at the sealer if there is one. The next start compares again.',
      });
    }
    await this.checkpointer.meetSigner();
  }

  #onStored({ first, leaves, newestTelling }: LineGroup, begun: Begun | null): void {
    const { notes, troubles } = this.#parts;
    this.#hasWorked = true;
    troubles.clear(this.#log, FAULT_CODES);
    if (begun !== null) {
      this.#recovery.index.add(begun.n, first);
      notes.add(this.#log, 'segment', { hash: begun.leaf.toString('base64'), n: begun.n });
      this.#sealing.below(begun.n);
    }
    if (this.#treeFails) return;
    this.tree.append(leaves);
    if (newestTelling >= 0) this.checkpointer.told(newestTelling);
  }

  #onFault(fault: SegmentFault, inARow: number): void {
    const { notes, onFatal } = this.#parts;
    const trouble = troubleOf(fault, inARow);
    if (trouble !== null) this.#raise(trouble);
    // At once and not when writing works again: the process may end before, and then nobody would know why.
    if (fault.step !== 'open') notes.add(this.#log, 'trail_fault', { code: fault.code, n: fault.n, step: fault.step });
    if (isFatal(fault, inARow, this.#hasWorked)) onFatal(fatalError(fault));
  }

  #onSealFault(fault: SegmentFault): void {
    const trouble = troubleOf(fault, 1);
    if (trouble !== null) this.#raise({ ...trouble, code: 'segment_seal' });
    this.#parts.notes.add(this.#log, 'trail_fault', { code: fault.code, n: fault.n, step: 'seal' });
  }

  #halt(why: 'hole' | 'fork' | 'chain', at: number): void {
    this.#writer.halt();
    this.#raise({
      code: why === 'hole' ? 'tail_lost' : 'fork',
      message:
        why === 'hole'
          ? `the segments end at entry ${at}, and the buffer no longer has what follows (or has less): nothing is appended`
          : `the buffer's entry ${at} does not continue the segments: nothing is appended`,
      hint: 'trail_dir and data_dir do not belong together, or one was put back from an older copy. Put the missing segments back, or move trail_dir/audit and trail_dir/schedule_two aside as they are, and start again. Records are taken as before; their entries wait in the buffer.',
    });
  }

  #treeFailed(error: unknown): void {
    this.#treeFails = true;
    this.#raise({
      code: 'tree_unreadable',
      message: `the segments cannot be read back (${messageOf(error)}): no checkpoint can be made`,
      hint: 'A segment is missing or damaged. Put it back from a copy and start again; "counterfoil trail verify" names it.',
    });
  }

  #raise(trouble: TroubleTexts): void {
    this.#parts.troubles.raise(this.#log, trouble);
  }
}

/** Size and root of a checkpoint that our key has signed under its own origin; null for any other text. */
export async function openOwnNote(
  signer: { verifierKey(origin: string): Promise<string> },
  note: string,
): Promise<(SeenHead & Pick<SignedHead, 'origin'>) | null> {
  const opened = parseNote(note);
  const origin = opened.ok ? opened.note.text.slice(0, opened.note.text.indexOf('\n')) : '';
  if (origin === '') return null;
  const key = parseVerifierKey(await signer.verifierKey(origin));
  const reading = key.ok ? openCheckpoint(note, [key.key]) : null;
  return reading?.ok === true ? reading.checkpoint : null;
}
