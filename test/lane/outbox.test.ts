import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formRaw, formRecord, type LaneRecord, labelOf } from '../../src/lane/form.ts';
import { Outbox } from '../../src/lane/outbox.ts';
import { EPOCH, LANE, receiptFor, STORE } from './broker.ts';
import { ManualTime } from './manual-time.ts';

const OWNER = { store: STORE, lane: LANE };
const DAY_MS = 24 * 3600 * 1000;

let folder: string;
let time: ManualTime;
let open: Outbox[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-outbox-'));
  time = new ManualTime();
  open = [];
});
afterEach(() => {
  for (const outbox of open) outbox.close();
  rmSync(folder, { recursive: true });
});

function opened(path = join(folder, 'outbox.db'), owner = OWNER): Outbox {
  const outbox = new Outbox(path, owner, time);
  open.push(outbox);
  outbox.open();
  return outbox;
}

const sale = (number: number, more: object = {}): LaneRecord => ({
  idempotency_key: `sale-${String(number).padStart(8, '0')}`,
  schedule: 'IV',
  quantity: number,
  ...more,
});

const put = (outbox: Outbox, record: LaneRecord) => outbox.put(labelOf(record), (marks) => formRecord(record, marks));

/** The bytes still to be sent for a position. */
function bytesOf(outbox: Outbox, position: number): Buffer {
  const bytes = outbox.bytes(position);
  if (bytes === null) throw new Error('nothing to send');
  return bytes;
}

const allToSend = (outbox: Outbox) => outbox.toSend('standard', 1000);

describe('what is on disk', () => {
  test('a copy of the files of a running till has every record, its number and its identity', () => {
    const outbox = opened();
    put(outbox, sale(1));
    put(outbox, sale(2));
    // What a power cut leaves: database and write-ahead log as they are, nobody says goodbye.
    for (const end of ['', '-wal']) copyFileSync(join(folder, `outbox.db${end}`), join(folder, `after.db${end}`));
    const after = opened(join(folder, 'after.db'));
    expect(allToSend(after)).toEqual([1, 2]);
    expect(bytesOf(after, 2)).toEqual(bytesOf(outbox, 2));
    expect(after.laneInstance).toBe(outbox.laneInstance);
    expect(put(after, sale(3)).laneSequence).toBe(3);
  });

  test('a killed till has lost nothing it had kept, and its numbers have no gap', async () => {
    const path = join(folder, 'outbox.db');
    const till = spawn(process.execPath, [fileURLToPath(new URL('./outbox-killed.ts', import.meta.url)), path]);
    const ended = once(till, 'exit');
    let last = 0;
    for await (const line of createInterface({ input: till.stdout })) {
      last = Number(line);
      if (last === 25) till.kill('SIGKILL');
    }
    await ended;
    expect(last).toBeGreaterThanOrEqual(25);
    const outbox = opened(path);
    const positions = allToSend(outbox);
    expect(positions.length).toBeGreaterThanOrEqual(last);
    const numbers = positions.map((position) => JSON.parse(bytesOf(outbox, position).toString()).lane_sequence);
    expect(numbers).toEqual(positions.map((_, index) => index + 1));
    expect(put(outbox, sale(1_000_000)).laneSequence).toBe(numbers.length + 1);
  });

  test('a put that fails leaves no record, no gap and right counts', () => {
    const outbox = opened();
    put(outbox, sale(1));
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const fails = () =>
      outbox.put(labelOf(sale(2)), () => {
        throw full;
      });
    expect(fails).toThrow(expect.objectContaining({ code: 'storage_full' }));
    expect(outbox.counts().kept).toBe(1);
    expect(put(outbox, sale(3)).laneSequence).toBe(2);
  });

  test('only its owner may read it', () => {
    opened().close();
    expect(statSync(join(folder, 'outbox.db')).mode & 0o777).toBe(0o600);
  });

  test('contents are let go when the PMS has the record; the receipt stays for 30 days', () => {
    const outbox = opened();
    const record = sale(1, { patient_ref: 'token-that-must-go' });
    const { position } = put(outbox, record);
    outbox.applyReceipt(receiptFor(bytesOf(outbox, position), { status: 'synced', state: 'SYNCED' }));
    expect(outbox.bytes(position)).toBeNull();
    outbox.close();
    const file = readFileSync(join(folder, 'outbox.db'));
    expect(file.includes('token-that-must-go')).toBe(false);
    expect(existsSync(join(folder, 'outbox.db-wal'))).toBe(false);

    time.advance(29 * DAY_MS);
    const sooner = opened();
    expect(sooner.counts().synced).toBe(1);
    sooner.close();
    time.advance(2 * DAY_MS);
    expect(opened().counts().synced).toBe(0);
  });
});

describe('whose file it is', () => {
  test('a second client of the same outbox is turned away', () => {
    opened();
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'buffer_locked' }));
  });

  test("another till's outbox is turned away", () => {
    opened().close();
    expect(() => opened(undefined, { ...OWNER, lane: 'lane-2' })).toThrow(/belongs to lane lane-1/);
  });

  test('a file of a newer program, of something else, or no database at all is turned away', () => {
    const path = join(folder, 'outbox.db');
    opened().close();
    const db = new Database(path);
    db.pragma('user_version = 99');
    db.close();
    expect(() => opened()).toThrow(expect.objectContaining({ code: 'buffer_newer' }));

    const other = join(folder, 'other.db');
    new Database(other).exec('CREATE TABLE something (else_ TEXT)').close();
    expect(() => opened(other)).toThrow(expect.objectContaining({ code: 'buffer_damaged' }));

    const text = join(folder, 'text.db');
    writeFileSync(text, 'not a database, but long enough to look like one for a moment'.repeat(20));
    expect(() => opened(text)).toThrow(expect.objectContaining({ code: 'buffer_damaged' }));
  });
});

describe('what is to be sent', () => {
  test('in order of sale, Schedule II in a line of its own', () => {
    const outbox = opened();
    for (const [index, schedule] of ['IV', 'C-II', 'NONE', 2, 'III'].entries()) put(outbox, sale(index, { schedule }));
    expect(outbox.toSend('standard', 10)).toEqual([1, 3, 5]);
    expect(outbox.toSend('schedule_two', 10)).toEqual([2, 4]);
    expect(outbox.toSend('standard', 2)).toEqual([1, 3]);
  });

  test('a record is marked with instance, sequence and the newest checkpoint', () => {
    const outbox = opened();
    outbox.witness('gw-0042/aaaaaaaa/audit\n7\nroot\n');
    const { position } = put(outbox, sale(1));
    expect(JSON.parse(bytesOf(outbox, position).toString())).toEqual({
      ...sale(1),
      lane_instance: outbox.laneInstance,
      lane_sequence: 1,
      witnessed_checkpoint: 'gw-0042/aaaaaaaa/audit\n7\nroot\n',
    });
  });

  test('the same sale twice is one record, sent again; other contents under the same key are two', () => {
    const outbox = opened();
    put(outbox, sale(1));
    outbox.acknowledge(1);
    expect(put(outbox, sale(1))).toMatchObject({ position: 1, isRepeat: true, state: 'acknowledged' });
    expect(allToSend(outbox)).toEqual([1]);
    expect(put(outbox, { ...sale(1), quantity: 99 })).toMatchObject({ position: 2, isRepeat: false });
  });

  test('everything not settled goes to a new epoch, nothing to the first', () => {
    const outbox = opened();
    for (let number = 1; number <= 6; number++) put(outbox, sale(number));
    const bytes = allToSend(outbox).map((position) => bytesOf(outbox, position));
    outbox.startEpoch(EPOCH, false);
    for (const position of allToSend(outbox)) outbox.acknowledge(position);
    expect(allToSend(outbox)).toEqual([]);
    const verdicts = ['synced', 'refused', 'conflict', 'held', 'rejected'] as const;
    for (const [index, status] of verdicts.entries())
      outbox.applyReceipt(receiptFor(bytes[index] ?? Buffer.of(), { status }));
    outbox.startEpoch('bbbbbbbb', true);
    expect(allToSend(outbox)).toEqual([3, 4, 5, 6]);
    expect(outbox.counts()).toMatchObject({
      synced: 1,
      refused: 1,
      conflict: 1,
      held: 1,
      rejected: 1,
      acknowledged: 1,
    });
  });

  test('a receipt of an earlier epoch does not call a resend off', () => {
    const outbox = opened();
    outbox.startEpoch('bbbbbbbb', false);
    put(outbox, sale(1));
    outbox.applyReceipt(receiptFor(bytesOf(outbox, 1), { epoch: EPOCH }));
    expect(allToSend(outbox)).toEqual([1]);
    outbox.applyReceipt(receiptFor(bytesOf(outbox, 1), { epoch: 'bbbbbbbb' }));
    expect(allToSend(outbox)).toEqual([]);
  });

  test('asks again about old records only, a few at a time', () => {
    const outbox = opened();
    for (let number = 1; number <= 3; number++) {
      put(outbox, sale(number));
      outbox.acknowledge(number);
      time.advance(1000);
    }
    expect(outbox.askAgain(2000, 10)).toBe(2);
    expect(allToSend(outbox)).toEqual([1, 2]);
    outbox.acknowledge(1);
    outbox.acknowledge(2);
    expect(outbox.askAgain(0, 1)).toBe(1);
  });

  test('what the PMS refused is kept and asked about until a person has ended it', () => {
    const outbox = opened();
    put(outbox, sale(1));
    const bytes = bytesOf(outbox, 1);
    outbox.acknowledge(1);
    outbox.applyReceipt(receiptFor(bytes, { status: 'rejected', state: 'REJECTED' }));
    time.advance(1000);
    expect(outbox.askAgain(1000, 10)).toBe(1);
    expect(bytesOf(outbox, 1)).toEqual(bytes);
    outbox.applyReceipt(receiptFor(bytes, { status: 'duplicate', state: 'RESOLVED' }));
    expect(outbox.counts()).toMatchObject({ rejected: 0, resolved: 1 });
    expect([outbox.askAgain(0, 10), outbox.bytes(1)]).toEqual([0, null]);
  });
});

describe('whose receipt it is', () => {
  test('by hash, by key where there is no hash, else the oldest publish without a key', () => {
    const outbox = opened();
    put(outbox, sale(1));
    const first = bytesOf(outbox, 1);
    put(outbox, { ...sale(1), quantity: 99 });
    outbox.putRaw(formRaw(Buffer.from('not json')));
    outbox.putRaw(formRaw(Buffer.from('{"idempotency_key":"sale-00000004","idempotency_key":"sale-00000004"}')));
    const positionOf = (more: object) => outbox.applyReceipt(receiptFor(first, more))?.row.position;
    expect(positionOf({ lane_hash: null, idempotency_key: null, status: 'refused' })).toBe(3);
    expect(positionOf({ lane_hash: null, idempotency_key: 'sale-00000004', status: 'refused' })).toBe(4);
    expect(positionOf({})).toBe(1);
    expect(positionOf({ lane_hash: 'f'.repeat(64) })).toBeUndefined();
    expect(positionOf({ lane_hash: null })).toBe(2);
  });

  test('a double sale is news once', () => {
    const outbox = opened();
    put(outbox, sale(1));
    const doubled = receiptFor(bytesOf(outbox, 1), { flags: ['possible_double_sale'] });
    expect(outbox.applyReceipt(doubled)?.isNewDoubleSale).toBe(true);
    expect(outbox.applyReceipt({ ...doubled, status: 'duplicate' })?.isNewDoubleSale).toBe(false);
  });
});
