/** What all connections of one load run share: the supply of unique records, and the tally of acknowledgements. */
import { randomInt, randomUUID } from 'node:crypto';
import { KEY_BYTES, type PublishTemplate, writeTenDigits } from './packets.ts';
import { quantile } from './stats.ts';

/** Patients a store serves; their tokens come back, as they do in a shop. */
const PATIENTS = 20_011;
const SERIAL_STEP = 7_919_377;

function randomTexts(length: number): Buffer {
  const texts = Buffer.allocUnsafe(length * KEY_BYTES);
  for (let i = 0; i < length; i += 1) texts.write(randomUUID(), i * KEY_BYTES, 'latin1');
  return texts;
}

/** Unique keys and numbers, all made before the clock starts; `open` says whether lanes may still take from it. */
export class RecordFeed {
  readonly #keys: Buffer;
  readonly #patients: Buffer;
  readonly #limit: number;
  readonly #firstNumber: number;
  #taken = 0;
  #closed = false;

  /** `keys` bounds what can be published at all; `records` (or null) is how many shall be. */
  constructor(keys: number, records: number | null) {
    this.#limit = records === null ? keys : Math.min(keys, records);
    this.#keys = randomTexts(this.#limit);
    this.#patients = randomTexts(PATIENTS);
    // Runs against one buffer must not sell the same prescription twice: a random range of numbers for each.
    this.#firstNumber = 1_000_000_000 + randomInt(8_000_000) * 1000;
  }

  get closed(): boolean {
    return this.#closed || this.#taken >= this.#limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** True when records ran out before `close()`: the run asked for too few keys. */
  get exhausted(): boolean {
    return !this.#closed && this.#taken >= this.#limit;
  }

  close(): void {
    this.#closed = true;
  }

  /** Makes the template's packet the next record. Only while not `closed`. */
  fill(template: PublishTemplate, laneSequence: number): void {
    const index = this.#taken;
    this.#taken += 1;
    this.#keys.copy(template.packet, template.keyAt, index * KEY_BYTES, (index + 1) * KEY_BYTES);
    writeTenDigits(template.packet, template.laneSequenceAt, laneSequence);
    writeTenDigits(template.packet, template.numberAt, this.#firstNumber + index);
    // Serials look random and still never repeat within a run: the multiplier has no factor in common with 10^10.
    writeTenDigits(template.packet, template.serialAt, (index * SERIAL_STEP) % 10_000_000_000);
    const patient = (index % PATIENTS) * KEY_BYTES;
    this.#patients.copy(template.packet, template.patientAt, patient, patient + KEY_BYTES);
  }
}

/** Counts acknowledgements, and keeps the latency of those that arrive while the window is open. */
export class Tally {
  readonly #latenciesMs: Float64Array;
  #measured = 0;
  #open = false;
  #openedAtMs = 0;
  #windowMs = 0;
  ackedTotal = 0;
  receiptsTotal = 0;

  constructor(capacity: number) {
    this.#latenciesMs = new Float64Array(capacity);
  }

  acknowledged(sentAtMs: number, nowMs: number): void {
    this.ackedTotal += 1;
    if (!this.#open) return;
    this.#latenciesMs[this.#measured] = nowMs - sentAtMs;
    this.#measured += 1;
  }

  openWindow(nowMs: number): void {
    this.#open = true;
    this.#openedAtMs = nowMs;
  }

  closeWindow(nowMs: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#windowMs = nowMs - this.#openedAtMs;
  }

  /** Window length in ms, records acknowledged in it, and their latency in ms. */
  summary(): { windowMs: number; ackedInWindow: number; p50Ms: number; p99Ms: number; maxMs: number } {
    const sorted = this.#latenciesMs.subarray(0, this.#measured).sort();
    return {
      windowMs: this.#windowMs,
      ackedInWindow: this.#measured,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      maxMs: quantile(sorted, 1),
    };
  }
}
