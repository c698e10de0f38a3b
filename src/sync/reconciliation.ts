/**
 * A reconciliation run from begin to end: it begins when the line is lost and ends when the queue is empty or the line is
 * lost again, with a signed manifest of the Schedule II records that moved in between. Begin and end are on disk; a run
 * that the end of the process cut short is found again at the next start and ended there.
 */
import { type Clock, toUtcText } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer, RunOutcome } from '../buffer/api.ts';
import { type ManifestHead, type ManifestRecord, manifestParts, manifestStatement } from '../record/manifest.ts';

type RunBuffer = Pick<
  RecordBuffer,
  'gatewayId' | 'epoch' | 'openRun' | 'beginRun' | 'readRun' | 'payloadOf' | 'closeRun'
>;

export interface ReconciliationParts {
  readonly buffer: RunBuffer;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: string;
  readonly deaRegistration: string | null;
  /** `kid` of every signature of a Schedule II record that holds; `payload` are its stored bytes. */
  readonly signersOf: (payload: Buffer) => readonly string[];
  /** Newest signed checkpoint of trail `schedule_two`. */
  readonly checkpoint: () => string | null;
}

/** Records looked at in one turn of the event loop: checking a signature takes a tenth of a millisecond or two. */
const RECORDS_PER_TURN = 50;

export class Reconciliation {
  readonly #parts: ReconciliationParts;
  /** One thing after the other, in the order of the calls. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ReconciliationParts) {
    this.#parts = parts;
  }

  /** The line is lost; what moves from here on belongs to the run. */
  begin(): void {
    this.#then(async () => {
      await this.#parts.buffer.beginRun();
    });
  }

  /** Ends the run under way, if any, also one of an earlier life of the process. */
  end(ended: ManifestHead['ended']): void {
    this.#then(() => this.#end(ended));
  }

  /** Resolves when everything asked for so far is on disk or has failed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #then(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      // The run stays open on disk; the next end writes its manifest.
      this.#parts.log.error('a reconciliation run could not be written', { error: messageOf(error) });
    });
  }

  async #end(ended: ManifestHead['ended']): Promise<void> {
    const { buffer, clock, log } = this.#parts;
    const run = buffer.openRun();
    if (run === null) return;
    const outcomes = buffer.readRun(run.run);
    if (outcomes.length === 0) {
      await buffer.closeRun(run.run, [], null);
      return;
    }
    const records = await this.#withSigners(outcomes);
    const head: ManifestHead = {
      gatewayId: buffer.gatewayId,
      epoch: buffer.epoch,
      store: this.#parts.store,
      deaRegistration: this.#parts.deaRegistration,
      beganAtUtc: toUtcText(run.beganAtMs),
      endedAtUtc: toUtcText(clock.utcMs()),
      ended,
      checkpoint: this.#parts.checkpoint(),
    };
    const place = await buffer.closeRun(run.run, manifestParts(records), manifestStatement(head, records));
    if (place !== null) log.info('manifest of a reconciliation run signed', { count: records.length });
  }

  async #withSigners(outcomes: readonly RunOutcome[]): Promise<ManifestRecord[]> {
    const records: ManifestRecord[] = [];
    for (const [at, { state, ...outcome }] of outcomes.entries()) {
      if (at > 0 && at % RECORDS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      const payload = this.#parts.buffer.payloadOf(outcome.sequence);
      records.push({ ...outcome, outcome: state, signers: payload === null ? [] : this.#parts.signersOf(payload) });
    }
    return records;
  }
}
