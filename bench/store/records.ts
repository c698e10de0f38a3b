/**
 * What a store's tills have sold during an outage: the lane simulator's traffic, with what a till's outbox and a
 * well-equipped till add to it, filled up with label text to 600 bytes. Labels repeat as they do in a shop; keys,
 * prescriptions, patients, scans and times do not.
 */
import type { SimulatedRecord } from '../../src/demo/simulator/store.ts';
import { traffic } from '../../src/demo/simulator/traffic.ts';
import { readSchedule } from '../../src/record/schedule.ts';

const RECORD_BYTES = 600;

export interface SoldRecord {
  readonly lane: string;
  readonly soldAtMs: number;
  /** UTF-8 JSON as the till publishes it. */
  readonly bytes: Buffer;
}

export interface SalesOptions {
  readonly seed: string;
  readonly count: number;
  /** UTC; sales are spread from here over `spanMs`. */
  readonly startUtcMs: number;
  readonly spanMs: number;
  /** Leaves Schedule II out. */
  readonly standardOnly?: boolean;
}

const LANES = 8;
const LABELS = [
  'Take one tablet every six hours as needed for pain. Do not drive before you know how it affects you.',
  'Take half a tablet at bedtime. May cause drowsiness; alcohol may intensify this effect. Do not share.',
  'Take one capsule three times a day with meals and a full glass of water. Finish all of this medicine.',
  'Dissolve one tablet under the tongue when needed, at most three in a day. Keep in the original bottle.',
  'Apply one patch weekly to dry skin and rotate the site. Fold used patches and dispose of them safely.',
  'One in the morning, do not crush or chew, not at night. Protect from light, heat, moisture, children.',
  'Twice daily; do not stop suddenly; avoid driving. Refill before the last five days. Discard after use.',
  'Shake well before use. Measure with the syringe provided. Store in the refrigerator, discard in 14 days.',
];

/** Exactly `count` valid records in the order of their sale. */
export function* sales(options: SalesOptions): Generator<SoldRecord> {
  const ratePerSecond = options.count / (options.spanMs / 1000);
  const { seed, startUtcMs } = options;
  const numbers = new Array<number>(LANES).fill(0);
  let made = 0;
  for (const { atMs, lane, publish } of traffic({ seed, lanes: LANES, ratePerSecond, badRate: 0, startUtcMs })) {
    if (publish.type !== 'record') continue;
    if (options.standardOnly === true && readSchedule(publish.record.schedule) === 'II') continue;
    const number = (numbers[lane] ?? 0) + 1;
    numbers[lane] = number;
    yield { lane: `lane-${lane + 1}`, soldAtMs: startUtcMs + atMs, bytes: fill(publish.record, lane, number) };
    made += 1;
    if (made >= options.count) return;
  }
}

/** A record as it leaves the till. */
export function fill(record: SimulatedRecord, lane: number, number: number): Buffer {
  const whole = {
    schema_version: 1,
    lane_instance: `5b1f0d4e-8c7a-4f6e-9b2d-3c4a5e6f7a0${lane}`,
    lane_sequence: number,
    ...record,
    label: '',
  };
  const missing = RECORD_BYTES - Buffer.byteLength(JSON.stringify(whole));
  const label = `${LABELS[number % LABELS.length]} ${LABELS[(number + 3) % LABELS.length]}`.slice(
    0,
    Math.max(0, missing),
  );
  return Buffer.from(JSON.stringify({ ...whole, label: label.padEnd(missing, '.') }));
}
