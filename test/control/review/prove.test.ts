/** Statements that must not be acted on: each is refused with its reason, and what waits still waits. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Statement, statementText } from '../../../src/control/review/statement.ts';
import { Desk, refusal, sign } from './fixture.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
  await desk.held('held-0001');
  await desk.held('held-0002');
});
afterEach(async () => {
  expect((await desk.list()).length + desk.moved.length).toBe(2);
  await desk.close();
});

const releasing = (change: Partial<Statement> = {}) => desk.statement('release', change);

describe('what the statement says', () => {
  test.each<[string, Partial<Statement>, RegExp]>([
    ['another gateway', { gateway_id: 'gw-0043' }, /another gateway or epoch/],
    ['another epoch', { epoch: '00000000' }, /another gateway or epoch/],
    ['another printed name', { printed_name: 'Rita R.' }, /printed name is not the one/],
    ['signed too long ago', { signed_at_utc: '2026-11-24T11:49:59.999Z' }, /within ten minutes/],
    ['signed in the future', { signed_at_utc: '2026-11-24T12:10:00.001Z' }, /within ten minutes/],
  ])('%s', async (_, change, says) => {
    expect(await refusal(desk.act(await releasing(change)))).toMatch(says);
  });

  test.each(['2026-11-24T11:50:00.000Z', '2026-11-24T12:10:00.000Z'])('signed at %s is near enough', async (time) => {
    expect(await refusal(desk.act(await releasing({ signed_at_utc: time })))).toBe('done');
  });

  test('a gateway that does not know the time takes the signer’s, as far as the key is valid then and now', async () => {
    desk.clock = 'unsynchronised';
    expect(await refusal(desk.act(await releasing({ signed_at_utc: '2025-11-24T12:00:00.000Z' })))).toMatch(
      /not valid yet/,
    );
    expect(await refusal(desk.act(await releasing({ signed_at_utc: '2026-03-01T12:00:00.000Z' })))).toBe('done');
  });

  test('a step that is none for the state', async () => {
    const statement = await releasing();
    const subjects = statement.subjects.map((subject) => ({ ...subject, state: 'REJECTED' as const }));
    expect(await refusal(desk.act({ ...statement, subjects }))).toMatch(/REJECTED cannot be ended by release/);
  });

  test('a state that is none of the kind', async () => {
    const statement = await desk.statement('dismiss');
    const subjects = statement.subjects.map((subject) => ({ ...subject, of: 'evidence' as const }));
    expect(await refusal(desk.act({ ...statement, subjects }))).toMatch(/not one of its kind/);
  });

  test('a subject that stands twice', async () => {
    const statement = await releasing();
    const subjects = [...statement.subjects, ...statement.subjects];
    expect(await refusal(desk.act({ ...statement, subjects }))).toMatch(/stands twice/);
  });

  test('a corrected record where there can be none, or for several', async () => {
    const hash = '0'.repeat(64);
    expect(await refusal(desk.act(await releasing({ correction_hash: hash })))).toMatch(
      /resolve needs a corrected record/,
    );
    expect(await refusal(desk.act(await desk.statement('resolve', { correction_hash: hash })))).toMatch(
      /one item only/,
    );
    expect(await refusal(desk.act(await desk.statement('resolve')))).toMatch(/resolve needs a corrected record/);
  });
});

describe('the signature', () => {
  test('moved to another statement', async () => {
    const [first, second] = (await releasing()).subjects;
    if (first === undefined || second === undefined) throw new Error('two wait');
    const one = statementText(await releasing({ subjects: [first] }));
    const other = statementText(await releasing({ subjects: [second] }));
    expect(await refusal(desk.handIn(other, sign(one, 'rita')))).toMatch(/not this key’s over this statement/);
  });

  test('another meaning put under it', async () => {
    const text = statementText(await releasing());
    const changed = text.replace('seen with', 'seen without');
    expect(changed).not.toBe(text);
    expect(await refusal(desk.handIn(changed, sign(text, 'rita')))).toMatch(/not this key’s over this statement/);
  });

  test('another key’s, under the name of one that may', async () => {
    const text = statementText(await releasing());
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: 'rita' })).toString('base64url');
    const forged = `${header}..${sign(text, 'stranger').split('..')[1]}`;
    expect(await refusal(desk.handIn(text, forged))).toMatch(/not this key’s over this statement/);
  });

  test.each([
    ['stranger', /roster does not have it/],
    ['rita-old', /has expired/],
    ['rita-revoked', null],
  ])('by the key %s', async (kid, says) => {
    const answer = await refusal(desk.act(await releasing(), kid));
    if (says === null) expect(answer).toBe('done');
    else expect(answer).toMatch(says);
  });

  test('a key revoked since: not now, not by a clock that nobody trusts', async () => {
    desk.nowMs = Date.parse('2026-12-01T00:00:00Z');
    expect(await refusal(desk.act(await releasing(), 'rita-revoked'))).toMatch(/is revoked/);
    const before = { signed_at_utc: '2026-11-30T23:59:59.000Z' };
    expect(await refusal(desk.act(await releasing(before), 'rita-revoked'))).toMatch(/is revoked/);
    desk.nowMs = Date.parse('2026-11-24T12:00:00Z');
    desk.clock = 'unsynchronised';
    expect(await refusal(desk.act(await releasing(), 'rita-revoked'))).toMatch(/is revoked/);
  });

  test.each(['', 'abc', 'a..b', 'a.payload.b'])('that is none: "%s"', async (signature) => {
    expect(await refusal(desk.handIn(statementText(await releasing()), signature))).toMatch(/no detached JWS/);
  });

  test('without a roster: how to make one', async () => {
    desk.roster = null;
    const text = statementText(await releasing());
    await expect(desk.handIn(text, sign(text, 'rita'))).rejects.toMatchObject({
      code: 'review_refused',
      message: expect.stringContaining('no roster'),
      hint: expect.stringMatching(/roster keygen.*schedule_two\.roster_file/),
    });
  });
});

test.each([
  ['not canonical', (text: string) => text.replace(':', ': ')],
  ['a member more', (text: string) => text.replace('{', '{"aa":1,')],
  ['no statement', () => '{}'],
  ['no JSON', () => 'release everything'],
])('a text that is %s', async (_, spoil) => {
  const text = spoil(statementText(await releasing()));
  expect(await refusal(desk.handIn(text, sign(text, 'rita')))).toMatch(/the statement is none/);
});
