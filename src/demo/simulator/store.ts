/**
 * A store that sells: makes valid records one after the other and remembers the recent ones, because voids, returns
 * and mishaps are about something that was sold before.
 */
import type { Random } from '../../base/clock.ts';
import type { Schedule } from '../../record/types.ts';
import { deaNumber } from './people.ts';
import { PRODUCTS, type SimulatedProduct } from './products.ts';
import { digits, pick, pickWeighted, uuidLike, wholeNumber } from './random.ts';
import { SIGNERS } from './signers.ts';
import { pickNdcForm, printLabel, scan, spellNdc, spellSchedule, spellTime } from './spelling.ts';

/** A record as a lane takes it: the wire format without what the lane's outbox adds. */
export type SimulatedRecord = Readonly<Record<string, unknown>> & { readonly idempotency_key: string };

/** Something sold at a lane that can still be voided, returned, or sold again by mistake. */
export interface Sold {
  readonly lane: number;
  readonly record: SimulatedRecord;
  readonly atMs: number;
}

/** Sales remembered; older ones can no longer be undone here. */
const REMEMBERED = 500;
const PRESCRIBERS = 40;

const SCHEDULE_SHARES: readonly (readonly [number, Schedule])[] = [
  [12, 'II'],
  [5, 'III'],
  [7, 'IV'],
  [3, 'V'],
  [73, 'NONE'],
];

/** Where chance comes from: `shape` decides what happens, `names` gives the texts that must differ from run to run. */
export interface StoreChance {
  readonly shape: Random;
  readonly names: Random;
}

export class SimulatedStore {
  readonly #shape: Random;
  readonly #names: Random;
  readonly #startUtcMs: number;
  readonly #pharmacists: readonly string[] = SIGNERS.map(({ npi }) => npi);
  readonly #prescribers: readonly string[];
  readonly #prescriptionPrefix: string;
  #prescriptions = 0;
  #sold: Sold[] = [];

  constructor({ shape, names }: StoreChance, startUtcMs: number) {
    this.#shape = shape;
    this.#names = names;
    this.#startUtcMs = startUtcMs;
    this.#prescribers = Array.from({ length: PRESCRIBERS }, () => deaNumber(shape));
    this.#prescriptionPrefix = digits(names, 4);
  }

  /** A sale to be, `atMs` after the start: mostly a fill, sometimes part of one; of this schedule or of any. `remember` it once it is published. */
  draft(atMs: number, schedule: Schedule = pickWeighted(this.#shape, SCHEDULE_SHARES)): SimulatedRecord {
    const shape = this.#shape;
    const product = pick(
      shape,
      PRODUCTS.filter((each) => each.schedule === schedule),
    );
    return {
      ...this.#base(product, schedule, atMs),
      quantity: pick(shape, product.quantities),
      prescription_id: this.#newPrescription(),
      ...this.#fill(schedule),
      ...this.#label(product, atMs),
      ...this.#persons(schedule),
    };
  }

  /** Notes a sale that happened, so that it can be undone, repeated or contradicted. */
  remember(sold: Sold): void {
    this.#sold.push(sold);
    if (this.#sold.length > REMEMBERED) this.#sold.shift();
  }

  /** Undoes an earlier sale of that lane, or null when there is none. What was undone is not undone again. */
  undo(lane: number, atMs: number, kind: 'VOID' | 'RETURN'): SimulatedRecord | null {
    const sold = this.recall(lane, atMs);
    if (sold === null) return null;
    this.#sold = this.#sold.filter((each) => each !== sold);
    const { ndc, schedule, quantity, prescription_id } = sold.record;
    return {
      idempotency_key: uuidLike(this.#names),
      kind,
      refers_to: sold.record.idempotency_key,
      ndc,
      schedule,
      quantity,
      prescription_id,
      pharmacist_npi: pick(this.#shape, this.#pharmacists),
      dispensed_at_utc: spellTime(this.#shape, this.#startUtcMs + atMs),
    };
  }

  /** Corrects the count of a controlled drug. */
  adjust(atMs: number): SimulatedRecord {
    const shape = this.#shape;
    const product = pick(
      shape,
      PRODUCTS.filter(({ schedule }) => schedule !== 'NONE'),
    );
    const delta = wholeNumber(shape, 1, 5) * (shape() < 0.7 ? -1 : 1);
    return {
      ...this.#base(product, product.schedule, atMs),
      kind: 'ADJUSTMENT',
      quantity_delta: delta,
      reason: pick(shape, ['count corrected', 'broken tablet destroyed', 'spilled', 'found on recount']),
    };
  }

  /** A sale of that lane not later than `untilMs` after the start, or null. */
  recall(lane: number, untilMs: number): Sold | null {
    const sold = this.#sold.filter((each) => each.lane === lane && each.atMs <= untilMs);
    return sold.length === 0 ? null : pick(this.#shape, sold);
  }

  newKey(): string {
    return uuidLike(this.#names);
  }

  #base(product: SimulatedProduct, schedule: Schedule, atMs: number) {
    const shape = this.#shape;
    return {
      idempotency_key: uuidLike(this.#names),
      ndc: spellNdc(product.ndc, pickNdcForm(shape)),
      schedule: spellSchedule(shape, schedule),
      pharmacist_npi: pick(shape, this.#pharmacists),
      dispensed_at_utc: spellTime(shape, this.#startUtcMs + atMs),
      quantity_unit: product.unit,
    };
  }

  #fill(schedule: Schedule): object {
    const shape = this.#shape;
    // A Schedule II prescription has no refills (21 CFR 1306.12), but it may be filled in parts.
    if (schedule === 'II') {
      return shape() < 0.08 ? { kind: 'PARTIAL_FILL', partial_number: 1, fill_number: 0 } : { fill_number: 0 };
    }
    return shape() < 0.6 ? { fill_number: wholeNumber(shape, 0, 5) } : {};
  }

  #label(product: SimulatedProduct, atMs: number): object {
    const shape = this.#shape;
    const chance = shape();
    if (chance < 0.45) return {};
    const label = printLabel(shape, product.ndc, this.#startUtcMs + atMs);
    if (chance < 0.6) return { lot: label.lot, expires_on: label.expiresOn };
    if (chance < 0.75) return { gtin: label.gtin, lot: label.lot, serial: label.serial, expires_on: label.expiresOn };
    return { barcode: scan(shape, label) };
  }

  #persons(schedule: Schedule): object {
    const shape = this.#shape;
    return {
      ...(shape() < 0.8 ? { patient_ref: `pt_${digits(shape, 10)}` } : {}),
      ...(schedule !== 'NONE' || shape() < 0.2 ? { prescriber_dea: pick(shape, this.#prescribers) } : {}),
    };
  }

  #newPrescription(): string {
    this.#prescriptions += 1;
    return `RX-${this.#prescriptionPrefix}-${String(this.#prescriptions).padStart(6, '0')}`;
  }
}
