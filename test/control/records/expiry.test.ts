import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainKeeper } from '../../../src/archive/keeper.ts';
import { toUtcText } from '../../../src/base/clock.ts';
import type { Operations } from '../../../src/base/socket/operations.ts';
import type { ClockQuality } from '../../../src/buffer/api.ts';
import { type ExpiryStatement, expiryStatementText } from '../../../src/control/records/expiry-statement.ts';
import { recordsOperations } from '../../../src/control/records/operations.ts';
import type { WireMonth } from '../../../src/control/records/words.ts';
import { signDetached, toCompact } from '../../../src/record/jws.ts';
import { readRoster } from '../../../src/record/roster.ts';
import { DAY_MS, Store } from '../../archive/store.ts';
import { refusal } from '../review/fixture.ts';

const KIDS = ['rita', 'rita-2', 'paul', 'stranger'] as const;
type Kid = (typeof KIDS)[number];
const KEYS = new Map(KIDS.map((kid) => [kid as string, generateKeyPairSync('ed25519')]));
const privateKey = (kid: Kid): KeyObject => {
  const pair = KEYS.get(kid);
  if (pair === undefined) throw new Error(`no key ${kid}`);
  return pair.privateKey;
};
const keyOf = (kid: Kid) => ({
  kid,
  jwk: (({ kty, crv, x }) => ({ kty, crv, x }))(KEYS.get(kid)?.publicKey.export({ format: 'jwk' }) ?? {}),
  valid_from: '2020-01-01T00:00:00Z',
  valid_until: '2099-01-01T00:00:00Z',
});
const ROSTER = readRoster(
  JSON.stringify({
    people: [
      { name: 'Rita Reviewer', roles: ['reviewer'], keys: [keyOf('rita'), keyOf('rita-2')] },
      { name: 'Paul Pharmacist', npi: '1234567893', roles: ['pharmacist'], keys: [keyOf('paul')] },
    ],
  }),
  'roster.yaml',
);
const NAMES: Readonly<Record<Kid, string>> = {
  rita: 'Rita Reviewer',
  'rita-2': 'Rita Reviewer',
  paul: 'Paul Pharmacist',
  stranger: 'Paul Pharmacist',
};

let store: Store;
let operations: Operations;
let clock: ClockQuality;
let expired: number;

beforeEach(async () => {
  store = await Store.open();
  clock = 'synchronised';
  expired = 0;
  operations = recordsOperations({
    buffer: store.buffer,
    clock: { utcMs: () => store.nowMs, monotonicMs: () => store.nowMs },
    clockQuality: () => clock,
    roster: () => ROSTER,
    retentionYears: 2,
    onExpired: () => {
      expired += 1;
    },
    newLook: () => '0123456789abcdef',
  });
  await store.take({ key: 'old-00001', fill: 'RX-1' }, { key: 'old-00002', schedule: 'II' });
  store.nowMs += 40 * DAY_MS;
  await store.take({ key: 'next-0001' }, { key: 'next-0002', schedule: 'II' });
  store.nowMs += 20 * DAY_MS;
  await store.take({ key: 'young-001' }, { key: 'young-002', schedule: 'II' });
  await store.settleAll();
  await store.archive();
});
afterEach(() => store.close());

const call = async <T>(op: string, params: object = {}): Promise<T> => (await operations[op]?.run(params)) as T;
const months = async () => (await call<{ months: WireMonth[] }>('records.months')).months;

/** What two people sign about the first month of both streams. */
async function signed(first: Kid, second: Kid, change: Partial<ExpiryStatement> = {}, of = '2026-11') {
  const subjects = (await months()).filter(({ month }) => month === of);
  const actId = randomUUID();
  const by = (kid: Kid, more: Partial<ExpiryStatement> = {}) => {
    const statement = expiryStatementText({
      act_id: actId,
      gateway_id: store.buffer.gatewayId,
      epoch: store.buffer.epoch,
      step: 'expire',
      meaning: 'two years are over',
      printed_name: NAMES[kid],
      signed_at_utc: toUtcText(store.nowMs),
      months: subjects.map(({ stream, month, records, hash }) => ({ stream, month, records, hash })),
      ...more,
    });
    return {
      statement,
      signature: toCompact(signDetached(Buffer.from(statement), { kid, privateKey: privateKey(kid) })),
    };
  };
  return { first: by(first), second: by(second, change) };
}

const over = () => {
  store.nowMs += 3 * 366 * DAY_MS;
};
const file = (stream: string) => join(store.archiveDir, stream, '2026-11.0001.cfa');
const keys = () => store.query<{ n: number }>('SELECT COUNT(*) AS n FROM key_index WHERE frame IS NOT NULL')[0]?.n;

describe('the end of archived months', () => {
  it('takes two people; then files and keys are gone, and both trails and the act stay', async () => {
    over();
    expect(keys()).toBe(4);
    await call('records.expire', await signed('rita', 'paul'));
    expect(expired).toBe(1);
    await store.archive();
    expect(['standard', 'schedule_two'].map((stream) => existsSync(file(stream)))).toEqual([false, false]);
    expect(keys()).toBe(2);
    expect((await months()).map(({ month }) => month)).toEqual(['2026-12', '2026-12']);
    const acts = store.query('SELECT signer, printed_name AS name, key_id AS kid FROM expiry ORDER BY signer');
    expect(acts).toEqual([
      { signer: 1, name: 'Rita Reviewer', kid: 'rita' },
      { signer: 2, name: 'Paul Pharmacist', kid: 'paul' },
    ]);
    // A record whose month was destroyed is unknown from then on.
    expect(await store.take({ key: 'old-00001' })).toMatchObject([{ status: 'accepted' }]);
    expect(await store.take({ key: 'next-0001' })).toMatchObject([{ status: 'duplicate' }]);
  });

  it('is gone on with when the power went after the act', async () => {
    over();
    await call('records.expire', await signed('rita', 'paul'));
    const keeper = {
      ...plainKeeper(store.archiveDir),
      remove: async () => {
        throw new Error('the power has gone');
      },
    };
    await store.archive({ keeper });
    expect(existsSync(file('standard'))).toBe(true);
    expect(await store.take({ key: 'old-00001' })).toMatchObject([{ status: 'accepted' }]);
    await store.archive();
    expect(existsSync(file('standard'))).toBe(false);
    expect(existsSync(file('schedule_two'))).toBe(false);
  });

  it('is refused before its time, by one person, without a clock, or for what was not signed as it is', async () => {
    const asked = async (params: object) => await refusal(call('records.expire', params));
    expect(await asked(await signed('rita', 'paul'))).toMatch(/2026-11 is to be kept until 20/);
    over();
    expect(await asked(await signed('rita', 'rita'))).toMatch(/one person/);
    expect(await asked(await signed('rita', 'rita-2'))).toMatch(/one person/);
    expect(await asked(await signed('paul', 'rita'))).toMatch(/does not have the role/);
    expect(await asked(await signed('rita', 'stranger'))).toMatch(/roster does not have it/);
    expect(await asked(await signed('rita', 'paul', { act_id: randomUUID() }))).toMatch(/not signed the same act/);
    const { first, second } = await signed('rita', 'paul');
    expect(await asked({ first, second: { ...second, signature: first.signature } })).toMatch(/not this key’s/);
    for (const quality of ['unknown', 'unsynchronised'] as const) {
      clock = quality;
      expect(await asked(await signed('rita', 'paul'))).toMatch(/does not know what time it is/);
    }
    clock = 'synchronised';
    const stale = await signed('rita', 'paul');
    await call('records.expire', stale);
    expect(await asked(stale)).toMatch(/done before/);
    expect(await asked(await signed('rita', 'paul', {}, '2026-12'))).toBe('done');
    expect(expired).toBe(2);
  });
});

describe('a look into records', () => {
  it('stands in the trail by kinds and keyed hash, in both trails where Schedule II may be shown', async () => {
    const look = { caller: 'ann', way: 'search', kinds: ['patient'], filter: 'patient-secret', schedule_two: true };
    const { look: id } = await call<{ look: string }>('records.begin', look);
    await call('records.end', { caller: 'ann', way: 'search', look: id, count: 3, schedule_two: false });
    const entries = store.query<{ log: number; entry: string }>(
      'SELECT log, entry FROM trail_entry WHERE entry LIKE \'%"k":"access"%\' ORDER BY log, i',
    );
    expect(entries.map(({ log }) => log)).toEqual([0, 0, 1]);
    expect(entries.map(({ entry }) => entry).join()).not.toContain('secret');
    expect(JSON.parse(entries[0]?.entry ?? '{}').r).toEqual({
      by: 'ann',
      filter: store.buffer.archive.filterHash('patient-secret'),
      kinds: ['patient'],
      look: id,
      of: 'records',
      way: 'search',
    });
    expect(JSON.parse(entries[1]?.entry ?? '{}').r).toMatchObject({ count: 3 });
  });
});
