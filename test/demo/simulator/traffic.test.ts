import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signAs } from '../../../src/demo/simulator/signers.ts';
import { type TrafficEvent, type TrafficOptions, traffic } from '../../../src/demo/simulator/traffic.ts';
import type { ExpectedAnswer } from '../../../src/demo/simulator/trouble.ts';
import { canonicalBytes, canonicalText } from '../../../src/record/canonical.ts';
import { checkRecord } from '../../../src/record/check.ts';
import { readRoster } from '../../../src/record/roster.ts';
import { judgeSignatures } from '../../../src/record/signatures.ts';
import type { CheckedRecord } from '../../../src/record/types.ts';

const START = Date.UTC(2026, 10, 22, 9);
const OPTIONS: TrafficOptions = { seed: 'shop', lanes: 4, ratePerSecond: 5, badRate: 0.05, startUtcMs: START };

const first = (count: number, more: Partial<TrafficOptions> = {}): TrafficEvent[] =>
  traffic({ ...OPTIONS, ...more })
    .take(count)
    .toArray();

const rosterFile = resolve(import.meta.dirname, '../../../config/demo-roster.yaml');
const roster = readRoster(readFileSync(rosterFile, 'utf8'), rosterFile);

/** A record as its lane sends it, here without what the outbox adds. */
function sentBy(kid: string | null, record: object): object {
  const sign = signAs(kid);
  return sign === null ? record : { ...record, signatures: sign(canonicalBytes(record)) };
}

/** A gateway's memory, as far as it takes part in an answer: keys with their contents, and fills that were sold. */
class Model {
  readonly #contents = new Map<string, string>();
  readonly #fills = new Map<string, string>();

  answer({ publish, atMs }: TrafficEvent): ExpectedAnswer {
    const bytes = publish.type === 'bytes' ? publish.bytes : canonicalBytes(sentBy(publish.signer, publish.record));
    const outcome = checkRecord(bytes, {
      receivedAtMs: START + atMs,
      clock: 'synchronised',
      products: null,
      signatures: (signed) => judgeSignatures(signed, roster, false),
    });
    if (!outcome.ok || publish.type === 'bytes') return 'refused';
    const text = canonicalText(publish.record);
    const known = this.#contents.get(outcome.record.idempotencyKey);
    if (known !== undefined) return known === text ? 'duplicate' : 'conflict';
    this.#contents.set(outcome.record.idempotencyKey, text);
    return this.#isDoubtful(outcome.record) ? 'flagged' : 'accepted';
  }

  #isDoubtful({ flags, fillIdentity, refersTo, idempotencyKey }: CheckedRecord): boolean {
    const isSoldTwice = fillIdentity !== null && this.#fills.has(fillIdentity);
    if (fillIdentity !== null) this.#fills.set(fillIdentity, idempotencyKey);
    return flags.length > 0 || isSoldTwice || (refersTo !== null && !this.#contents.has(refersTo));
  }
}

describe('any traffic', () => {
  const options = fc.record({
    seed: fc.string(),
    lanes: fc.integer({ min: 1, max: 40 }),
    ratePerSecond: fc.double({ min: 0.01, max: 2000, noNaN: true }),
    badRate: fc.double({ min: 0, max: 1, noNaN: true }),
    startUtcMs: fc.integer({ min: START - 1e11, max: START + 1e11 }),
  });

  test('is the same for the same options, in time order, at lanes that exist', () => {
    fc.assert(
      fc.property(options, (given) => {
        const events = first(60, given);
        expect(first(60, given)).toEqual(events);
        for (const [index, { atMs, lane }] of events.entries()) {
          expect(atMs).toBeGreaterThanOrEqual(events[index - 1]?.atMs ?? 0);
          expect(lane).toBeGreaterThanOrEqual(0);
          expect(lane).toBeLessThan(given.lanes);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('gets from the record check and a model of the gateway exactly the answers it expects', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const model = new Model();
        for (const event of first(300, { seed, badRate: 0.3 })) expect(model.answer(event)).toBe(event.expected);
      }),
      { numRuns: 25 },
    );
  });

  test('of one seed at another time does the same with other keys and prescriptions', () => {
    const today = first(200);
    const tomorrow = first(200, { startUtcMs: START + 86_400_000 });
    expect(tomorrow.map(({ atMs, lane, expected }) => [atMs, lane, expected])).toEqual(
      today.map(({ atMs, lane, expected }) => [atMs, lane, expected]),
    );
    const names = (events: TrafficEvent[]) =>
      new Set(
        events.flatMap(({ publish }) =>
          publish.type === 'bytes' ? [] : [publish.record.idempotency_key, publish.record.prescription_id],
        ),
      );
    expect([...names(tomorrow)].filter((name) => name !== undefined && names(today).has(name))).toEqual([]);
  });
});

describe('a day', () => {
  const events = first(20_000);
  const checked = events.flatMap(({ publish, atMs }) => {
    if (publish.type === 'bytes') return [];
    const context = { receivedAtMs: START + atMs, clock: 'synchronised', products: null } as const;
    const outcome = checkRecord(canonicalBytes(publish.record), context);
    return outcome.ok ? [{ ...outcome.record, sent: publish.record }] : [];
  });
  const share = (count: number) => count / checked.length;
  const shareOf = (is: (record: (typeof checked)[number]) => boolean) => share(checked.filter(is).length);

  test('has the mix of schedules of a pharmacy', () => {
    expect(shareOf(({ schedule }) => schedule === 'II')).toBeCloseTo(0.12, 1);
    expect(shareOf(({ schedule }) => ['III', 'IV', 'V'].includes(schedule))).toBeCloseTo(0.15, 1);
  });

  test('has every form of NDC, every spelling of a schedule, every kind of record', () => {
    const forms = new Set(checked.map(({ sent }) => String(sent.ndc).replaceAll(/\d/g, '9')));
    const hyphenated = ['9999-9999-99', '99999-999-99', '99999-9999-9', '99999-9999-99'];
    expect(forms).toEqual(new Set([...hyphenated, '9'.repeat(10), '9'.repeat(11), '9'.repeat(12)]));
    const twos = new Set(checked.filter(({ schedule }) => schedule === 'II').map(({ sent }) => sent.schedule));
    expect(twos).toEqual(new Set(['II', 'CII', 'C-II', 'C2', 'c-ii', '2', 2]));
    const kinds = new Set(checked.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['DISPENSE', 'PARTIAL_FILL', 'VOID', 'RETURN', 'ADJUSTMENT']));
  });

  test('has records with and without what is optional', () => {
    for (const field of ['barcode', 'gtin', 'lot', 'patient_ref', 'prescriber_dea', 'fill_number']) {
      expect(shareOf(({ sent }) => field in sent)).toBeGreaterThan(0.05);
      expect(shareOf(({ sent }) => field in sent)).toBeLessThan(0.95);
    }
  });

  test('has about as many publishes as asked for, and every mishap', () => {
    const seconds = (events.at(-1)?.atMs ?? 0) / 1000;
    expect(events.length / seconds).toBeGreaterThan(4);
    expect(events.length / seconds).toBeLessThan(6);
    const counts = Map.groupBy(events, ({ expected }) => expected);
    for (const answer of ['refused', 'duplicate', 'conflict', 'flagged'] as const) {
      expect(counts.get(answer)?.length).toBeGreaterThan(20);
    }
    expect((counts.get('accepted')?.length ?? 0) / events.length).toBeGreaterThan(0.9);
  });

  test('has rushes: some minutes sell twice as much as others', () => {
    const minutes = [...Map.groupBy(events, ({ atMs }) => Math.floor(atMs / 60_000)).values()].map(
      ({ length }) => length,
    );
    const sorted = minutes.sort((a, b) => a - b);
    const at = (quantile: number) => sorted[Math.floor(sorted.length * quantile)] ?? 0;
    expect(at(0.95)).toBeGreaterThan(2 * at(0.05));
  });

  test('without bad luck everything is accepted, at most an NDC is unclear', () => {
    const expected = new Set(first(2000, { badRate: 0 }).map((event) => event.expected));
    expect(expected).toEqual(new Set(['accepted', 'flagged']));
  });
});
