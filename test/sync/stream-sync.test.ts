/** One stream against a PMS that behaves and misbehaves, one kind of trouble after the other. */
import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers, type Timers } from '../../src/base/clock.ts';
import { type LogFields, silentLog } from '../../src/base/log.ts';
import { contentDigestOf } from '../../src/record/wire.ts';
import { Scene } from '../harness/scene.ts';
import { acceptAll, acceptedResult, answerWith, batchIn, type Script, type Seen } from '../harness/scripted-pms.ts';
import { makeRig, type Rig, type RigOptions } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const rigged = (options: RigOptions = {}): Promise<Rig> => makeRig(scene, options);

/** The first requests are answered by these scripts, later ones by a good PMS. */
function first(rig: Rig, ...scripts: Script[]): void {
  const queue = [...scripts];
  rig.pms.script = (seen) => (queue.shift() ?? rig.ledger.script)(seen);
}

const allSynced = (rig: Rig) => rig.buffer.until(() => Object.keys(rig.buffer.counts()).join() === 'SYNCED');
const numbersOf = (seen: Seen) => batchIn(seen).records.map((entry) => entry.stream_sequence);

describe('a batch', () => {
  test('leaves with its headers after the attempt is on record, and settles by its answer', async () => {
    const rig = await rigged();
    rig.buffer.addMany(3);
    let attemptsBefore = -1;
    rig.pms.script = (seen) => {
      attemptsBefore = rig.buffer.notesOf('sync_attempt').length;
      return rig.ledger.script(seen);
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 1);
    expect(attemptsBefore).toBe(1);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 3 });
    const [seen] = rig.pms.batches;
    const key = hash('sha256', seen?.body ?? '', 'hex');
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer secret-token',
      'content-type': 'application/json',
      'content-digest': contentDigestOf(seen?.raw ?? Buffer.of()),
      'x-idempotency-key': key,
    });
    expect(rig.buffer.notesOf('sync_attempt')[0]).toMatchObject({
      log: 'audit',
      body: { first: 1, last: 3, count: 3, batch: key },
    });
    expect(rig.buffer.notesOf('sync_answer')[0]?.body).toMatchObject({ status: 200, settled: 3, left: 0, batch: key });
    expect(rig.told.settled.map((record) => record.state)).toEqual(['SYNCED', 'SYNCED', 'SYNCED']);
    expect(rig.told.deliveries).toMatchObject([{ stream: 'standard', count: 3 }]);
  });

  test('does not leave when the attempt cannot be recorded', async () => {
    const rig = await rigged();
    rig.buffer.addMany(1);
    rig.buffer.failNext = 'note';
    rig.sync.start();
    await allSynced(rig);
    expect(rig.pms.batches).toHaveLength(1);
  });

  test('is followed by the next until nothing is left, in order', async () => {
    const rig = await rigged({ options: { batchSize: 4 } });
    rig.buffer.addMany(10);
    rig.sync.start();
    await allSynced(rig);
    expect(rig.pms.batches.map(numbersOf)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
  });

  test('is compressed once the PMS says what it takes', async () => {
    const rig = await rigged({ options: { batchSize: 4 } });
    rig.buffer.addMany(8);
    rig.pms.script = (seen) => ({
      ...(acceptAll(seen) as object),
      status: 200,
      headers: { 'accept-encoding': 'zstd' },
    });
    rig.sync.start();
    await allSynced(rig);
    expect(rig.pms.batches.map((seen) => seen.headers['content-encoding'])).toEqual([undefined, 'zstd']);
    expect(rig.pms.batches[1]?.headers['content-digest']).toBe(contentDigestOf(rig.pms.batches[1]?.raw ?? Buffer.of()));
  });

  test('goes plain for ever after 415', async () => {
    const rig = await rigged({ options: { coding: 'gzip', batchSize: 4 } });
    rig.buffer.addMany(8);
    const seenCodings: unknown[] = [];
    rig.pms.script = (seen) => {
      seenCodings.push(seen.headers['content-encoding']);
      return seen.headers['content-encoding'] === undefined ? rig.ledger.script(seen) : { status: 415 };
    };
    rig.sync.start();
    await allSynced(rig);
    expect(seenCodings).toEqual(['gzip', undefined, undefined]);
  });

  test('is sent when woken', async () => {
    const rig = await rigged();
    rig.sync.start();
    rig.buffer.add();
    rig.sync.wake();
    await allSynced(rig);
  });
});

describe('an answer that was lost', () => {
  test('because it never came: the PMS has the records, the next attempt learns it', async () => {
    const rig = await rigged();
    rig.buffer.addMany(3);
    first(rig, (seen) => {
      void rig.ledger.script(seen);
      return 'cut';
    });
    rig.sync.start();
    await allSynced(rig);
    expect(rig.ledger.held.size).toBe(3);
    expect(rig.buffer.notesOf('sync_answer')[0]?.body).toMatchObject({ fault: 'broken_off' });
  });

  test('because the buffer could not settle it: sent again', async () => {
    const rig = await rigged();
    rig.buffer.addMany(3);
    rig.buffer.failNext = 'settle';
    rig.sync.start();
    await allSynced(rig);
    expect(rig.pms.batches.length).toBeGreaterThan(1);
  });
});

describe('an answer that proves nothing', () => {
  const portal: Script = () => ({ status: 200, body: '<html>Welcome to the mall</html>' });
  const bare: Script = () => ({ status: 200, body: { ok: true } });
  const empty: Script = () => answerWith([]);
  const stranger: Script = (seen) =>
    answerWith(batchIn(seen).records.map((entry) => ({ ...acceptedResult(entry), payload_hash: '0'.repeat(64) })));

  test.each([
    ['the page of a captive portal', portal],
    ['a bare yes', bare],
    ['no results', empty],
    ['another hash', stranger],
    ['a redirect', () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })],
    ['an error', () => ({ status: 500 })],
  ] as [string, Script][])('leaves every record: %s', async (_name, script) => {
    const rig = await rigged();
    rig.buffer.addMany(3);
    rig.pms.script = script;
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 7);
    expect(rig.buffer.counts()).toEqual({ PENDING: 3 });
    expect(rig.told.deliveries).toEqual([]);
    expect(rig.sync.delivery().waitingSinceMs).not.toBeNull();
    // After so many failures the breaker is open, and single records go out as trials.
    expect(rig.pms.batches.slice(0, 5).map((seen) => numbersOf(seen).length)).toEqual([3, 3, 3, 3, 3]);
    expect(rig.pms.batches.slice(5).every((seen) => numbersOf(seen).length === 1)).toBe(true);
    rig.pms.script = rig.ledger.script;
    await allSynced(rig);
  });
});

test('a redirect is told once, by its origin only', async () => {
  const lines: object[] = [];
  const log = { ...silentLog, error: (msg: string, fields?: LogFields) => lines.push({ msg, ...fields }) };
  const rig = await rigged({ parts: { log } });
  rig.buffer.addMany(2);
  rig.pms.script = () => ({ status: 307, headers: { location: 'https://login.example/?session=7' } });
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= 6);
  expect(lines).toEqual([
    expect.objectContaining({ status: 307, to: 'https://login.example', hint: expect.stringContaining('pms.url') }),
  ]);
  expect(rig.buffer.notesOf('sync_answer')[0]?.body).toMatchObject({ status: 307, fault: 'redirected' });
});

describe('an answer that leaves a record out', () => {
  test('does not hold the later ones up', async () => {
    const rig = await rigged({ options: { retryBaseMs: 1000, retryCapMs: 1_000_000 } });
    rig.buffer.addMany(5);
    rig.pms.script = (seen) => {
      const { records } = batchIn(seen);
      return answerWith(records.filter((entry) => entry.stream_sequence !== 2).map((entry) => acceptedResult(entry)));
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 1);
    rig.buffer.add();
    rig.sync.wake();
    await rig.buffer.until(() => rig.buffer.stateOf(6) === 'SYNCED');
    expect(rig.buffer.counts()).toEqual({ PENDING: 1, SYNCED: 5 });
    expect(rig.pms.batches.map(numbersOf)).toEqual([[1, 2, 3, 4, 5], [6]]);
  });

  test('has it sent again until there is a word', async () => {
    const rig = await rigged();
    rig.buffer.addMany(5);
    first(rig, (seen) => {
      const { records } = batchIn(seen);
      rig.ledger.take(batchIn(seen));
      return answerWith(records.filter((entry) => entry.stream_sequence !== 2).map((entry) => acceptedResult(entry)));
    });
    rig.sync.start();
    await allSynced(rig);
  });
});

describe('a 409', () => {
  test('for an earlier number delivers again what the PMS has lost', async () => {
    const rig = await rigged();
    rig.buffer.addMany(6);
    for (let sequence = 1; sequence <= 4; sequence += 1) rig.buffer.setState(sequence, 'SYNCED');
    rig.ledger.next.set('standard', 3);
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.stateOf(6) === 'SYNCED');
    expect(rig.pms.batches.map(numbersOf)).toEqual([
      [5, 6],
      [3, 4, 5, 6],
    ]);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 6 });
  });

  test('for a later number looks up what the PMS has already', async () => {
    const rig = await rigged({ options: { batchSize: 3 } });
    for (const record of rig.buffer.addMany(8)) {
      if (record.sequence > 6) continue;
      rig.ledger.held.set(record.idempotencyKey, record.payloadHash.toString('hex'));
    }
    rig.ledger.next.set('standard', 7);
    rig.sync.start();
    await allSynced(rig);
    expect(rig.ledger.held.size).toBe(8);
    expect(rig.told.alarms).toEqual([]);
  });

  test('for a later number without our records goes on and rings; three of them prove nothing about themselves', async () => {
    const rig = await rigged();
    rig.buffer.addMany(5);
    rig.ledger.next.set('standard', 4);
    rig.sync.start();
    const lookUps = () => rig.buffer.notesOf('sync_lookup').length;
    await rig.buffer.until(() => rig.buffer.stateOf(5) === 'SYNCED' && lookUps() > 12);
    expect(rig.buffer.counts()).toEqual({ PENDING: 3, SYNCED: 2 });
    expect(rig.told.alarms[0]).toEqual({ stream: 'standard', alarm: 'sequence_conflict', active: true });
  });

  test('for a number used up by something unknown gives the record to a person, and only after many look-ups', async () => {
    const rig = await rigged();
    rig.buffer.addMany(4);
    rig.ledger.next.set('standard', 2);
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.stateOf(1) === 'SET_ASIDE' && rig.buffer.isNoted(1));
    expect(rig.buffer.settlementOf(1)?.reason).toBe('number_used_up');
    expect(rig.buffer.notesOf('sync_lookup').length).toBeGreaterThanOrEqual(6);
    rig.buffer.addMany(1);
    rig.sync.wake();
    await rig.buffer.until(() => rig.buffer.stateOf(5) === 'SYNCED');
    expect(rig.buffer.counts()).toEqual({ SET_ASIDE: 1, SYNCED: 4 });
    await rig.buffer.until(() => rig.told.alarms.at(-1)?.active === false);
  });

  test('that asks for what is no longer there stops and rings', async () => {
    const rig = await rigged();
    rig.buffer.addMany(2);
    rig.pms.script = (seen) => ({
      status: 409,
      body: { expected_sequence: batchIn(seen).first_sequence === 1 ? 2 : 1 },
    });
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_alarm').length > 0);
    rig.pms.script = rig.ledger.script;
    await allSynced(rig);
  });
});

describe('a batch the PMS cannot read', () => {
  const refuses =
    (bad: number, status: number): Script =>
    (seen) => ({
      status:
        numbersOf(seen).includes(bad) &&
        batchIn(seen).records.some((one) => one.gap === undefined && one.stream_sequence === bad)
          ? status
          : 200,
    });

  test.each([400, 413, 422])('is narrowed down to the one record, which goes as a gap marker: %i', async (status) => {
    const rig = await rigged();
    rig.buffer.addMany(20);
    const refuse = refuses(13, status);
    rig.pms.script = (seen) => {
      const answer = refuse(seen);
      return typeof answer === 'object' && 'status' in answer && answer.status === 200
        ? rig.ledger.script(seen)
        : answer;
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.isNoted(13) && rig.buffer.counts().PENDING === undefined);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 19, SET_ASIDE: 1 });
    expect(rig.ledger.gaps).toEqual([13]);
    expect(rig.buffer.settlementOf(13)?.reason).toBe(status === 413 ? 'too_large' : 'not_understood');
    const alone = rig.pms.batches.filter(
      (seen) => numbersOf(seen).join() === '13' && batchIn(seen).records[0]?.gap === undefined,
    );
    expect(alone).toHaveLength(3);
  });

  test('is nobody’s fault while the heartbeat does not pass', async () => {
    const rig = await rigged({ parts: { heartbeatOk: () => false } });
    rig.buffer.addMany(1);
    rig.pms.script = () => ({ status: 400 });
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 8);
    expect(rig.buffer.counts()).toEqual({ PENDING: 1 });
  });

  test('again and again stops the stream after three records, until one is read', async () => {
    const rig = await rigged();
    rig.buffer.addMany(10);
    rig.pms.script = (seen) =>
      batchIn(seen).records.every((entry) => entry.gap !== undefined) ? rig.ledger.script(seen) : { status: 422 };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_alarm').length === 1);
    const answers = rig.buffer.notesOf('sync_answer').length;
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= answers + 6);
    expect(rig.buffer.counts()).toEqual({ SET_ASIDE: 3, PENDING: 7 });
    expect(rig.told.alarms).toEqual([{ stream: 'standard', alarm: 'records_refused', active: true }]);
    rig.pms.script = rig.ledger.script;
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 7);
    await rig.buffer.until(() => rig.told.alarms.length === 2);
    expect(rig.told.alarms[1]).toEqual({ stream: 'standard', alarm: 'records_refused', active: false });
  });
});

test('413 halves the batch', async () => {
  const rig = await rigged();
  rig.buffer.addMany(40);
  rig.pms.script = (seen) => (seen.raw.length > 6000 ? { status: 413 } : rig.ledger.script(seen));
  rig.sync.start();
  await allSynced(rig);
  expect(rig.ledger.held.size).toBe(40);
  const lengths = rig.pms.batches.map((seen) => seen.raw.length);
  expect(lengths[1]).toBeLessThanOrEqual((lengths[0] ?? 0) / 2);
});

describe('a hash mismatch', () => {
  const mismatching =
    (rig: Rig, bad: number, times: number): Script =>
    (seen) => {
      const { records } = batchIn(seen);
      const at = records.findIndex((entry) => entry.stream_sequence === bad && entry.gap === undefined);
      if (at < 0 || times === 0) return rig.ledger.script(seen);
      times -= 1;
      const before = rig.ledger.take({ ...batchIn(seen), records: records.slice(0, at) });
      const results = (before as { body: { results: unknown[] } }).body.results;
      const entry = records[at];
      return answerWith(entry === undefined ? results : [...results, acceptedResult(entry, 'hash_mismatch')]);
    };

  test('once: the record is read again and sent again', async () => {
    const rig = await rigged();
    rig.buffer.addMany(5);
    rig.pms.script = mismatching(rig, 3, 1);
    rig.sync.start();
    await allSynced(rig);
  });

  test('twice: it is set aside and its marker goes', async () => {
    const rig = await rigged();
    rig.buffer.addMany(5);
    rig.pms.script = mismatching(rig, 3, 2);
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.isNoted(3) && rig.buffer.counts().SYNCED === 4);
    expect(rig.buffer.settlementOf(3)).toMatchObject({ to: 'SET_ASIDE', reason: 'hash_mismatch' });
  });
});

test('a damaged record is quarantined and its marker keeps the stream whole', async () => {
  const rig = await rigged();
  rig.buffer.addMany(5);
  rig.buffer.damage(2);
  rig.buffer.damage(3);
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.isNoted(3) && rig.buffer.counts().SYNCED === 3);
  expect(rig.buffer.counts()).toEqual({ SYNCED: 3, QUARANTINED: 2 });
  expect(rig.ledger.gaps).toEqual([2, 3]);
});

test('a rejected record is over, with a reason', async () => {
  const rig = await rigged();
  rig.buffer.addMany(2);
  rig.pms.script = (seen) =>
    answerWith(
      batchIn(seen).records.map((entry) => ({ ...acceptedResult(entry, 'rejected'), reason: 'key_conflict' })),
    );
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.counts().REJECTED === 2);
  expect(rig.buffer.settlementOf(1)).toMatchObject({ reason: 'key_conflict', pmsId: 'P1' });
});

describe('a PMS that knows us no more', () => {
  test('rings, tries now and then, and goes on with a renewed token', async () => {
    let token = 'old';
    const rig = await rigged({ parts: { readToken: () => token } });
    rig.buffer.addMany(2);
    rig.pms.script = (seen) =>
      seen.headers.authorization === 'Bearer new' ? rig.ledger.script(seen) : { status: 401 };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 4);
    expect(rig.told.alarms).toEqual([{ stream: 'standard', alarm: 'authentication', active: true }]);
    expect(rig.sync.status().find((one) => one.stream === 'standard')).toMatchObject({
      stopped: true,
      lastFault: 'unauthorised',
    });
    token = 'new';
    await allSynced(rig);
    await rig.buffer.until(() => rig.told.alarms.length === 2);
  });

  test('does not ring when the token was renewed in the meantime', async () => {
    const tokens = ['old'];
    const rig = await rigged({ parts: { readToken: () => tokens.shift() ?? 'new' } });
    rig.buffer.addMany(2);
    rig.pms.script = (seen) =>
      seen.headers.authorization === 'Bearer new' ? rig.ledger.script(seen) : { status: 403 };
    rig.sync.start();
    await allSynced(rig);
    expect(rig.told.alarms).toEqual([]);
  });

  test('404 stops and rings; a person can have it tried at once', async () => {
    const rig = await rigged({ options: { stoppedRetryMs: 1_000_000 } });
    rig.buffer.addMany(3);
    rig.pms.script = () => ({ status: 404 });
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_alarm').length === 1);
    rig.pms.script = rig.ledger.script;
    rig.sync.wake();
    rig.sync.linkRestored();
    rig.sync.resume();
    await allSynced(rig);
    expect(rig.pms.batches.map((seen) => numbersOf(seen).length)).toEqual([3, 1, 2]);
  });
});

describe('a start', () => {
  const spread = { options: { startSpreadMs: 10_000_000 } };

  test('with a backlog waits a random while, whatever the link does; a person may end the wait', async () => {
    const rig = await rigged(spread);
    rig.buffer.addMany(3, 'IV');
    rig.buffer.addMany(1, 'II');
    rig.sync.start();
    rig.sync.linkRestored();
    rig.sync.wake();
    const nowMs = systemClock.monotonicMs();
    const waits = rig.sync.status().map(({ nextAttemptAtMs }) => Math.round((nextAttemptAtMs - nowMs) / 100_000));
    // Half of the spread by the rig's chance; Schedule II a third of that.
    expect(waits).toEqual([50, 17]);
    rig.sync.resume();
    await allSynced(rig);
  });

  test('without a backlog sends what comes at once', async () => {
    const rig = await rigged(spread);
    rig.sync.start();
    rig.buffer.addMany(2, 'IV');
    rig.sync.wake();
    await allSynced(rig);
  });
});

describe('waiting', () => {
  test('is as long as the PMS asks, ten minutes at most, whatever else happens', async () => {
    let asked: (waitMs: number) => void = () => {};
    const longWait = new Promise<number>((resolve) => {
      asked = resolve;
    });
    const timers: Timers = {
      after: (delayMs, task) => {
        if (delayMs > 500_000) asked(delayMs);
        return systemTimers.after(delayMs, task);
      },
    };
    const rig = await rigged({ parts: { timers } });
    rig.buffer.addMany(1);
    rig.pms.script = () => ({ status: 503, headers: { 'retry-after': '3600' } });
    rig.sync.start();
    const waitMs = await longWait;
    // Ten minutes, and up to one more by chance.
    expect(waitMs).toBeGreaterThanOrEqual(600_000);
    expect(waitMs).toBeLessThanOrEqual(660_000);
    rig.sync.linkRestored();
    rig.sync.wake();
    const standard = rig.sync.status().find((one) => one.stream === 'standard');
    expect(standard).toMatchObject({ lastFault: 'http_503', failuresInRow: 1, attemptsTotal: 1 });
  });

  test('ends when the link is back', async () => {
    const rig = await rigged({ options: { retryBaseMs: 1_000_000, retryCapMs: 1_000_000 } });
    rig.buffer.addMany(1);
    first(rig, () => 'cut');
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 1);
    rig.sync.linkRestored();
    await allSynced(rig);
  });
});
