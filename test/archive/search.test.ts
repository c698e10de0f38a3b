import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Filter, filterText, kindsOf } from '../../src/archive/filter.ts';
import { newTally, search } from '../../src/archive/search.ts';
import { csvTable, jsonTable } from '../../src/archive/table.ts';
import { openRecords } from '../../src/buffer/read-records.ts';
import { readCsv } from '../../src/record/csv.ts';
import { DAY_MS, FIRST_DAY_MS, Store, type Wish } from './store.ts';

const NONE: Filter = { values: {}, lanes: [], schedules: [], states: [], received: null, dispensed: null };

let store: Store;
let wishes: Wish[];
/** 60 records over four months, three quarters of them archived in small frames. */
beforeAll(async () => {
  store = await Store.open();
  wishes = [];
  for (let n = 0; n < 60; n++) {
    const wish: Wish = {
      key: `record-${n}`,
      schedule: n % 4 === 0 ? 'II' : 'V',
      lane: `till-${n % 2}`,
      receivedAtMs: store.nowMs,
      members: {
        ndc: `0000000000${n % 5}`,
        prescriber_dea: `AB000000${n % 7}`,
        patient_ref: `patient-${n % 11}`,
        pharmacist_npi: '1234567893',
        dispensed_at_utc: new Date(store.nowMs - DAY_MS).toISOString(),
        note: n === 3 ? '=1+1' : 'x',
        ...(n === 5 ? { prescription_id: '@SUM(1)' } : {}),
        ...(n === 6 ? { quantity_delta: '-2.5' } : {}),
      },
    };
    wishes.push(wish);
    await store.take(wish);
    store.nowMs += 2 * DAY_MS;
    if (n % 15 === 14 && n < 50) {
      await store.settleAll();
      await store.archive({ frameRecords: 4 });
    }
  }
});
afterAll(() => store.close());

function found(filter: Filter) {
  const source = openRecords(store.dataDir, store.archiveDir);
  const tally = newTally();
  try {
    return { records: [...search(source, filter, tally)], tally };
  } finally {
    source.close();
  }
}

describe('a search', () => {
  it('finds exactly what a look through everything finds', () => {
    const some = (values: string[]) =>
      fc.option(fc.subarray(values, { minLength: 1, maxLength: 2 }), { nil: undefined });
    const day = fc.integer({ min: -2, max: 130 }).map((n) => FIRST_DAY_MS + n * DAY_MS);
    const asked = fc.record({
      ndc: some(['00000000000', '00000000003', 'nothing']),
      prescriber: some(['AB0000001', 'AB0000006']),
      patient: some(['patient-1', 'patient-10']),
      lanes: fc.subarray(['till-0', 'till-1', 'till-9'], { maxLength: 1 }),
      schedules: fc.subarray(['II', 'V', 'NONE'], { maxLength: 1 }),
      received: fc.option(fc.tuple(day, day), { nil: null }),
    });
    fc.assert(
      fc.property(asked, ({ ndc, prescriber, patient, lanes, schedules, received }) => {
        const values = {
          ...(ndc === undefined ? {} : { ndc }),
          ...(prescriber === undefined ? {} : { prescriber }),
          ...(patient === undefined ? {} : { patient }),
        };
        const span = received === null ? null : { fromMs: Math.min(...received), toMs: Math.max(...received) };
        const { records, tally } = found({ ...NONE, values, lanes, schedules, received: span });
        const wanted = wishes.filter(
          ({ members, lane, schedule, receivedAtMs: at = 0 }) =>
            (ndc?.includes(String(members?.ndc)) ?? true) &&
            (prescriber?.includes(String(members?.prescriber_dea)) ?? true) &&
            (patient?.includes(String(members?.patient_ref)) ?? true) &&
            (lanes.length === 0 || lanes.includes(lane ?? '')) &&
            (schedules.length === 0 || schedules.includes(schedule ?? '')) &&
            (span === null || (at >= span.fromMs && at < span.toMs)),
        );
        expect(records.map(({ members }) => members.idempotency_key).sort()).toEqual(
          wanted.map(({ key }) => key).sort(),
        );
        expect(tally.found).toBe(wanted.length);
        expect(tally.unreadable.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('opens few frames for somebody who is in few of them', () => {
    const all = found(NONE);
    expect(all.records).toHaveLength(60);
    expect(new Set(all.records.map(({ heldIn }) => heldIn))).toEqual(new Set(['buffer', 'archive']));
    const nobody = found({ ...NONE, values: { patient: ['nobody'] } });
    expect(nobody.tally.framesOpened).toBeLessThan(all.tally.framesOpened / 3);
  });

  it('is told to the trail by kinds and a hash that equal filters share', () => {
    const filter: Filter = { ...NONE, values: { patient: ['b', 'a'] }, schedules: ['V', 'II'] };
    expect(kindsOf(filter)).toEqual(['patient', 'schedule']);
    const same: Filter = { ...NONE, values: { patient: ['a', 'b'] }, schedules: ['II', 'V'] };
    expect(filterText(filter)).toBe(filterText(same));
    const other: Filter = { ...NONE, values: { patient: ['a'] } };
    expect(store.buffer.archive.filterHash(filterText(filter))).toMatch(/^[0-9a-f]{32}$/);
    expect(store.buffer.archive.filterHash(filterText(filter))).not.toBe(
      store.buffer.archive.filterHash(filterText(other)),
    );
  });
});

describe('a table', () => {
  it('as CSV holds what a spreadsheet would run as text, and numbers as numbers', () => {
    const { records } = found(NONE);
    const table = csvTable('export', 'gw-test');
    const { rows, problem } = readCsv(table.open + records.map((each) => table.row(each)).join(''), ',');
    expect(problem).toBeNull();
    const [head, ...body] = rows.map(({ cells }) => cells);
    const cell = (key: string, column: string) =>
      body.find((cells) => cells.includes(key))?.[head?.indexOf(column) ?? -1];
    expect(body).toHaveLength(60);
    expect(cell('record-5', 'prescription_id')).toBe("'@SUM(1)");
    expect(cell('record-6', 'quantity_delta')).toBe('-2.5');
    expect(cell('record-0', 'sequence_id')).toMatch(/^gw-test-[0-9a-f]{8}-000000000001$/);
    expect(cell('record-0', 'pms_id')).toBe('pms-1');
  });

  it('as JSON holds the record as it was stored, and for a search nothing of it', () => {
    const { records } = found({ ...NONE, values: { key: ['record-7'] } });
    const [only] = records;
    if (only === undefined) throw new Error('not found');
    const whole = JSON.parse(jsonTable('export', 'gw-test').row(only));
    expect(whole).toMatchObject({ state: 'SYNCED', record: { patient_ref: 'patient-7' }, held_in: 'archive' });
    expect(jsonTable('search', 'gw-test').row(only)).not.toMatch(/patient|record-7|AB0/);
    expect(csvTable('search', 'gw-test').row(only)).not.toMatch(/patient|record-7|AB0/);
  });
});
