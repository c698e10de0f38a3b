/** The review desk over a real buffer: looking, and acts that are done or refused, all of it or nothing. */
import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Desk, recordText, refusal } from './fixture.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
});
afterEach(() => desk.close());

const states = async () => (await desk.list()).map(({ number, state }) => `${state} ${number}`);

describe('looking', () => {
  test('the list has what waits, with reasons and flags and without content', async () => {
    await desk.held('held-0001');
    await desk.rejected('rejected-1');
    await desk.take('{"idempotency_key": "refused-1", "quantity": 0}');
    await desk.take(recordText('held-0001', { quantity: 60 }));
    expect(await desk.list()).toMatchObject([
      { of: 'record', number: 1, state: 'HELD', schedule: 'II', lane: 'lane-1', flags: ['signature_missing'] },
      { of: 'record', number: 2, state: 'REJECTED', reasons: ['no_such_drug'] },
      {
        of: 'evidence',
        number: 1,
        state: 'REFUSED',
        schedule: null,
        reasons: expect.arrayContaining(['field_missing']),
      },
      { of: 'evidence', number: 2, state: 'CONFLICT' },
    ]);
    expect(JSON.stringify(await desk.list())).not.toMatch(/RX-|held-0001|refused-1/);
  });

  test('pages go on above a number', async () => {
    for (const key of ['held-0001', 'held-0002', 'held-0003']) await desk.held(key);
    const page = (after: number) => desk.call('review.list', { of: 'record', states: ['HELD'], after, limit: 2 });
    expect(await page(0)).toMatchObject({ items: [{ number: 1 }, { number: 2 }] });
    expect(await page(2)).toMatchObject({ items: [{ number: 3 }] });
  });

  test('an age is never below nothing, whatever the clock did', async () => {
    await desk.held('held-0001');
    desk.nowMs += 90_000;
    expect(await desk.list()).toMatchObject([{ age_seconds: 90 }]);
    desk.nowMs -= 3_600_000;
    expect(await desk.list()).toMatchObject([{ age_seconds: 0 }]);
  });

  test('each look at content is an entry of the trail it belongs to, without content', async () => {
    await desk.held('held-0001');
    await desk.take('{"idempotency_key": "refused-1"}');
    const shown = await desk.call<{ content_base64: string }>('review.show', {
      of: 'record',
      number: 1,
      caller: 'rita',
    });
    expect(JSON.parse(Buffer.from(shown.content_base64, 'base64').toString())).toMatchObject({
      prescription_id: 'RX-held-0001',
    });
    await desk.call('review.show', { of: 'evidence', number: 1 });
    const [record, evidence] = await desk.list();
    expect(desk.entries('access')).toEqual([
      { log: 0, body: { by: null, hash: evidence?.hash, number: 1, of: 'evidence', way: 'review' } },
      { log: 1, body: { by: 'rita', hash: record?.hash, number: 1, of: 'record', way: 'review' } },
    ]);
  });

  test('a conflict names the record that holds the key', async () => {
    await desk.held('held-0001');
    await desk.take(recordText('held-0001', { quantity: 60 }));
    expect(await desk.call('review.show', { of: 'evidence', number: 1 })).toMatchObject({ holder: 1 });
  });

  test('what does not wait is not shown, and no look is written down', async () => {
    await desk.take(recordText('sent-00001'));
    expect(await refusal(desk.call('review.show', { of: 'record', number: 1 }))).toMatch(/^review_stale: record 1/);
    expect(await refusal(desk.call('review.show', { of: 'record', number: 0 }))).toBe(
      'usage: not understood: params.number',
    );
    expect(desk.entries('access')).toEqual([]);
  });
});

describe('acts', () => {
  test('release: held records become pending, lanes are told, the trail names the signer', async () => {
    await desk.held('held-0001');
    await desk.held('held-0002');
    const outcome = await desk.act(await desk.statement('release'));
    expect(outcome).toMatchObject({
      moved: [
        { sequence: 1, state: 'PENDING' },
        { sequence: 2, state: 'PENDING' },
      ],
      correction: null,
      trail: { log: 'schedule_two' },
    });
    expect(desk.moved.map(({ idempotencyKey, state }) => `${idempotencyKey} ${state}`)).toEqual([
      'held-0001 PENDING',
      'held-0002 PENDING',
    ]);
    expect(desk.buffer.readPending('schedule_two', 10, 1e6).entries).toHaveLength(2);
    const meaning = 'seen with the prescription in hand';
    expect(desk.entries('review')).toMatchObject([{ log: 1, body: { by: 'Rita Reviewer', key_id: 'rita', meaning } }]);
  });

  test('a pharmacist may release, and nothing else', async () => {
    await desk.held('held-0001');
    const byPaul = { printed_name: 'Paul Pharmacist' };
    expect(await refusal(desk.act(await desk.statement('dismiss', byPaul), 'paul'))).toMatch(/does not have the role/);
    expect(await refusal(desk.act(await desk.statement('release', byPaul), 'paul'))).toBe('done');
  });

  test('dismiss ends every state that waits, as one reviewed list', async () => {
    await desk.held('held-0001');
    await desk.rejected('rejected-1');
    await desk.take('no json');
    await desk.take(recordText('held-0001', { quantity: 60 }));
    const outcome = await desk.act(await desk.statement('dismiss'));
    expect(outcome.moved).toEqual([
      { sequence: 1, state: 'RESOLVED' },
      { sequence: 2, state: 'RESOLVED' },
    ]);
    expect(await states()).toEqual([]);
  });

  test('what has changed since it was seen makes the whole act stale', async () => {
    await desk.held('held-0001');
    await desk.held('held-0002');
    const both = await desk.statement('release');
    const second = { subjects: both.subjects.slice(1) };
    await desk.act(await desk.statement('dismiss', second));
    expect(await refusal(desk.act(both))).toMatch(/^review_stale: record 2 is no longer what was signed/);
    expect(await states()).toEqual(['HELD 1']);
  });

  test('of two acts at the same time about the same item one is done', async () => {
    await desk.held('held-0001');
    const acts = [await desk.statement('release'), await desk.statement('dismiss')];
    const answers = await Promise.all(acts.map((statement) => refusal(desk.act(statement))));
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(answers.filter((answer) => answer.startsWith('review_stale'))).toHaveLength(1);
    expect(desk.moved).toHaveLength(1);
  });

  test('another hash than the stored one is stale', async () => {
    await desk.held('held-0001');
    const statement = await desk.statement('release');
    const [subject] = statement.subjects;
    if (subject === undefined) throw new Error('nothing waits');
    const subjects = [{ ...subject, hash: hash('sha256', 'another record') }];
    expect(await refusal(desk.act({ ...statement, subjects }))).toMatch(/^review_stale/);
    expect(await states()).toEqual(['HELD 1']);
  });

  test('the same act a second time is refused, also when there is something new it could mean', async () => {
    await desk.held('held-0001');
    const first = await desk.statement('release');
    await desk.act(first);
    expect(await refusal(desk.act(first))).toBe('review_refused: this act has been done before');
    await desk.held('held-0002');
    const reused = await desk.statement('release', { act_id: first.act_id });
    expect(await refusal(desk.act(reused))).toBe('review_refused: this act has been done before');
    expect(await states()).toEqual(['HELD 2']);
    expect(desk.moved).toHaveLength(1);
  });
});

describe('resolve', () => {
  const laneHash = (text: string) => hash('sha256', text);
  /** RFC 8785 by hand: the members of `recordText` in their order. */
  const canonical = (key: string, more: object = {}) => {
    const members = JSON.parse(recordText(key, more)) as Record<string, unknown>;
    return JSON.stringify(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))));
  };
  const resolve = async (text: string, signedText = text) =>
    await desk.act(await desk.statement('resolve', { correction_hash: laneHash(signedText) }), 'rita', text);

  test('a corrected record is admitted under its own key and refers to the original', async () => {
    await desk.rejected('rejected-1');
    const outcome = await resolve(canonical('corrected1', { refers_to: 'rejected-1', quantity: 28 }));
    expect(outcome).toMatchObject({
      moved: [{ sequence: 1, state: 'RESOLVED' }],
      correction: { status: 'accepted', sequence: 2, state: 'PENDING' },
    });
    expect(desk.buffer.readPending('schedule_two', 10, 1e6).entries).toMatchObject([
      { idempotencyKey: 'corrected1', lane: 'lane-1' },
    ]);
  });

  test('what takes the place of a publish that was no record refers to nothing', async () => {
    await desk.take('{"idempotency_key": "refused-1", "quantity": 0}');
    expect(await resolve(canonical('corrected1'))).toMatchObject({ moved: [], correction: { sequence: 1 } });
    expect(await states()).toEqual([]);
  });

  test('a corrected record without the signature it needs is held like any other', async () => {
    await desk.rejected('rejected-1');
    desk.holds = (flags) => flags.includes('signature_missing');
    const outcome = await resolve(canonical('corrected1', { refers_to: 'rejected-1' }));
    expect(outcome.correction).toMatchObject({ state: 'HELD', flags: ['signature_missing'] });
    expect(await states()).toEqual(['HELD 2']);
  });

  test.each([
    ['no reference', canonical('corrected1'), /does not refer to the one it corrects/],
    [
      'another reference',
      canonical('corrected1', { refers_to: 'somebody-else' }),
      /does not refer to the one it corrects/,
    ],
    ['the original’s key', canonical('rejected-1', { refers_to: 'rejected-1' }), /has the key of the original/],
    ['no record', '{"idempotency_key":"corrected1"}', /is no record/],
  ])('refused: %s', async (_, text, says) => {
    await desk.rejected('rejected-1');
    expect(await refusal(resolve(text))).toMatch(says);
    expect(await states()).toEqual(['REJECTED 1']);
  });

  test('refused: another record than the signed one', async () => {
    await desk.rejected('rejected-1');
    const [signed, sent] = [30, 3000].map((quantity) => canonical('corrected1', { refers_to: 'rejected-1', quantity }));
    expect(await refusal(resolve(sent ?? '', signed))).toMatch(/not the one that was signed/);
    expect(await states()).toEqual(['REJECTED 1']);
  });

  test('stale: a key that is taken, and then nothing has changed', async () => {
    await desk.rejected('rejected-1');
    await desk.take(recordText('already-here'));
    const text = canonical('already-here', { refers_to: 'rejected-1', quantity: 28 });
    expect(await refusal(resolve(text))).toMatch(/^review_stale: the corrected record is not new/);
    expect(await states()).toEqual(['REJECTED 1']);
  });

  test('a second time, when the first answer was lost: refused as done, not as stale', async () => {
    await desk.rejected('rejected-1');
    const text = canonical('corrected1', { refers_to: 'rejected-1' });
    const statement = await desk.statement('resolve', { correction_hash: laneHash(text) });
    await desk.act(statement, 'rita', text);
    expect(await refusal(desk.act(statement, 'rita', text))).toBe('review_refused: this act has been done before');
  });

  test('the record must come along, and only with resolve', async () => {
    await desk.rejected('rejected-1');
    const text = canonical('corrected1', { refers_to: 'rejected-1' });
    const statement = await desk.statement('resolve', { correction_hash: laneHash(text) });
    expect(await refusal(desk.act(statement))).toMatch(/the corrected record is missing/);
    expect(await refusal(desk.act(await desk.statement('dismiss'), 'rita', text))).toMatch(
      /with a step that takes none/,
    );
  });
});

test('who signs: the name the roster prints', async () => {
  expect(await desk.call('review.signer', { kid: 'rita' })).toEqual({
    gateway_id: 'gw-0042',
    epoch: desk.buffer.epoch,
    printed_name: 'Rita Reviewer',
  });
  expect(await refusal(desk.call('review.signer', { kid: 'stranger' }))).toMatch(/roster does not have this key/);
  desk.roster = null;
  expect(await refusal(desk.call('review.signer', { kid: 'rita' }))).toMatch(/no roster is configured/);
});
