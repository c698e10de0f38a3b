/**
 * The PMS as a witness of the trails (c2sp.org/tlog-witness, carried by the batches): what a batch shows of its trail, and
 * what the answer says about it. Beside the records, never before them: a batch goes without a proof that is not ready in
 * time, an answer is looked at while the next batch is under way, and nothing here can fail a round trip.
 *
 * All that is remembered is what the PMS has cosigned last, and a wrong idea of it costs one batch: the answer `stale`
 * names the right one. If the power goes between a cosignature and its trail entry, that is how it is learned of.
 */
import type { Clock, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TrailLog } from '../buffer/api.ts';
import { WitnessAnswer, type WitnessError, type WitnessOffer } from '../record/wire.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import { readCosignature } from './cosigned.ts';
import type { TrailPort, WitnessAlarm, WitnessKeys } from './ports.ts';

/** What a batch carries of its trail. */
export interface Shown {
  readonly checkpoint: string | null;
  readonly witness: WitnessOffer | null;
}

/** For health; times are monotonic. */
export interface WitnessFacts {
  readonly alarm: WitnessAlarm | null;
  /** The latest cosignature of this life of the process, and the checkpoint it is under. */
  readonly cosigned: { readonly note: string; readonly cosignature: string; readonly atMs: number } | null;
  /** Since when the PMS takes batches and does not cosign; null when it does, or was not asked. */
  readonly unwitnessedSinceMs: number | null;
}

export interface WitnessParts {
  readonly trail: TrailPort;
  readonly witnessKeys: WitnessKeys;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** An alarm of the witness begins or ends. */
  onAlarm(log: TrailLog, alarm: WitnessAlarm, active: boolean): void;
}

/** A proof takes milliseconds; a trail that is busy with its disk must not hold records up. */
const PROOF_WAIT_MS = 250;

interface Answer {
  readonly checkpoint: string;
  readonly offer: WitnessOffer;
  readonly json: unknown;
  readonly taken: boolean;
}

/** One trail's witness. */
export class Witness {
  readonly #log: TrailLog;
  readonly #parts: WitnessParts;
  /** What the PMS has cosigned last, as it says; null: as the trail remembers it. */
  #cosignedSize: number | null = null;
  #offer: { readonly checkpoint: string; readonly oldSize: number; readonly shown: Promise<Shown> } | null = null;
  #judged = '';
  #alarm: WitnessAlarm | null = null;
  #cosigned: WitnessFacts['cosigned'] = null;
  #unwitnessedSinceMs: number | null = null;
  #waiting: Answer | null = null;
  #working: Promise<void> | null = null;

  constructor(log: TrailLog, parts: WitnessParts) {
    this.#log = log;
    this.#parts = parts;
  }

  /** What the next batch shows. Never rejects; at the latest after `PROOF_WAIT_MS` without a proof. */
  async show(): Promise<Shown> {
    const checkpoint = this.#parts.trail.checkpoint(this.#log);
    const bare = { checkpoint, witness: null };
    const oldSize = this.#oldSize();
    if (checkpoint === null || sizeOf(checkpoint) < oldSize) return bare;
    if (this.#offer?.checkpoint !== checkpoint || this.#offer.oldSize !== oldSize) {
      this.#offer = { checkpoint, oldSize, shown: this.#prepare(oldSize, bare) };
    }
    return await this.#inTime(this.#offer.shown, bare);
  }

  /** What the PMS answered to a batch that showed this and that it took, or did not (409). Returns at once. */
  hear({ checkpoint, witness: offer }: Shown, json: unknown, taken: boolean): void {
    if (checkpoint === null || offer === null) return;
    // Behind one that is being looked at only the newest waits: each says all there is to say.
    this.#waiting = { checkpoint, offer, json, taken };
    this.#working ??= this.#work();
  }

  facts(): WitnessFacts {
    return { alarm: this.#alarm, cosigned: this.#cosigned, unwitnessedSinceMs: this.#unwitnessedSinceMs };
  }

  /** Resolves when everything heard so far has been looked at. */
  async settled(): Promise<void> {
    await this.#working;
  }

  #oldSize(): number {
    return this.#cosignedSize ?? this.#parts.trail.cosignedSize(this.#log);
  }

  async #prepare(oldSize: number, bare: Shown): Promise<Shown> {
    try {
      const found = await this.#parts.trail.forWitness(this.#log, oldSize);
      if (found === null) return bare;
      const proof = found.proof.map((hash) => hash.toString('base64'));
      return { checkpoint: found.note, witness: { key: found.verifierKey, old_size: found.oldSize, proof } };
    } catch (error) {
      this.#parts.log.warn('no proof for the witness', { reason: this.#log, error: messageOf(error) });
      return bare;
    }
  }

  #inTime(shown: Promise<Shown>, bare: Shown): Promise<Shown> {
    return new Promise((resolve) => {
      const cancel = this.#parts.timers.after(PROOF_WAIT_MS, () => resolve(bare));
      void shown.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }

  async #work(): Promise<void> {
    for (;;) {
      const answer = this.#waiting;
      this.#waiting = null;
      if (answer === null) break;
      try {
        await this.#look(answer);
      } catch (error) {
        this.#parts.log.error('the word of the witness could not be taken', {
          reason: this.#log,
          error: messageOf(error),
        });
      }
    }
    this.#working = null;
  }

  async #look(answer: Answer): Promise<void> {
    const { data: word } = WitnessAnswer.safeParse(answer.json);
    if (word?.cosignature != null && answer.taken) {
      const reading = readCosignature(
        word.cosignature,
        answer.checkpoint,
        this.#parts.witnessKeys.pinned(),
        word.witness_key,
      );
      if (reading !== null) return await this.#cosign(answer.checkpoint, reading);
      this.#refused('witness_untrue');
      return;
    }
    if (word?.witness_error != null) return await this.#takeError(answer, word.witness_error);
    // Silence: it may be no witness at all, and need not be.
    if (answer.taken) this.#unwitnessedSinceMs ??= this.#parts.clock.monotonicMs();
  }

  async #cosign(checkpoint: string, { line, key }: { line: string; key: string }): Promise<void> {
    const { clock, witnessKeys: keys, trail } = this.#parts;
    if (keys.pinned() === null) await keys.pin(key);
    const size = sizeOf(checkpoint);
    // The answer to a batch sent before may come again; what it says is known.
    if (size > this.#oldSize()) await trail.takeCosignature(this.#log, size, line);
    this.#cosignedSize = Math.max(size, this.#oldSize());
    this.#cosigned = { note: checkpoint, cosignature: line, atMs: clock.monotonicMs() };
    this.#unwitnessedSinceMs = null;
    this.#raise(null);
  }

  async #takeError({ checkpoint, offer }: Answer, error: WitnessError): Promise<void> {
    const verdict = await this.#judge(error.checkpoint ?? null, checkpoint);
    const contradicts = verdict === 'ahead' || verdict === 'fork';
    this.#cosignedSize = error.size;
    if (contradicts || error.code === 'inconsistent') this.#refused('witness_inconsistent');
    else if (error.code === 'unknown_key') this.#refused('witness_unknown_key');
    else if (error.code === 'bad_checkpoint' || error.size === offer.old_size) this.#refused('witness_refuses');
    else if (error.size > sizeOf(checkpoint)) this.#refused('witness_inconsistent');
    // Otherwise it is behind, or ahead by an answer we never got: the next proof starts where it is.
    else this.#unwitnessedSinceMs ??= this.#parts.clock.monotonicMs();
  }

  /** What the trail finds about the note that the PMS has cosigned; null for one it was asked about already. */
  async #judge(note: string | null, shown: string) {
    const key = `${note}\n${shown}`;
    if (note === null || key === this.#judged) return null;
    const verdict = await this.#parts.trail.judge('pms', note);
    this.#judged = key;
    return verdict;
  }

  #refused(alarm: WitnessAlarm): void {
    this.#unwitnessedSinceMs ??= this.#parts.clock.monotonicMs();
    this.#raise(alarm);
  }

  /** Only a cosignature ends an alarm: it proves that the PMS has seen what is here. */
  #raise(alarm: WitnessAlarm | null): void {
    const before = this.#alarm;
    if (before === alarm) return;
    this.#alarm = alarm;
    if (before !== null) this.#parts.onAlarm(this.#log, before, false);
    if (alarm !== null) this.#parts.onAlarm(this.#log, alarm, true);
  }
}

/** Entries a note speaks of; -1 for what is no checkpoint. */
function sizeOf(note: string): number {
  const reading = parseNote(note);
  const checkpoint = reading.ok ? parseCheckpoint(reading.note.text) : null;
  return checkpoint?.ok === true ? checkpoint.checkpoint.size : -1;
}
