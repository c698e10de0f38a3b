/** Who is let in at the listeners, and what the trail hears of it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY_MS, HERE, Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.register.start();
});
afterEach(() => rig.close());

describe('by certificate', () => {
  test('the grace rule: taken and told, with dates; revocation bites all the same', async () => {
    const now = rig.time.utcMs();
    const ended = await rig.issue('lane-1', 0, now - 29 * DAY_MS);
    const answer = rig.judge(ended, HERE, 'CERT_HAS_EXPIRED');
    expect(answer).toMatchObject({ ok: true, proof: { dates: 'expired' } });
    if (answer.ok) rig.doorkeeper.onKnown(answer.proof, HERE);
    expect(rig.told('lane_known')).toMatchObject([
      { lane: 'lane-1', dates: 'expired', way: 'certificate', address: HERE },
    ]);
    await rig.register.revoke('lane-1', null);
    expect(rig.judge(ended, HERE, 'CERT_HAS_EXPIRED')).toEqual({ ok: false, reason: 'revoked' });
  });

  test('what TLS itself has against it beside dates keeps it out', async () => {
    const certificate = await rig.enrol('lane-1');
    expect(rig.judge(certificate, HERE, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')).toEqual({ ok: false, reason: 'foreign' });
  });

  test('a clock of 1970 lets a lane in, and a certificate of long ago when it is known to be wrong', async () => {
    const certificate = await rig.enrol('lane-1');
    rig.now = () => ({ utcMs: 0, trust: 'wrong' });
    expect(rig.judge(certificate, HERE, 'CERT_NOT_YET_VALID')).toMatchObject({
      ok: true,
      proof: { dates: 'not_yet_valid' },
    });
  });

  test('refusals are told the 1st, 2nd, 4th … time; a lane that is known, once for each way', async () => {
    const foreign = await rig.issue('lane-1', 0, 1);
    for (let at = 0; at < 9; at += 1) rig.judge(foreign);
    expect(rig.told('lane_refused').map(({ count, reason }) => [count, reason])).toEqual(
      [1, 2, 4, 8].map((count) => [count, 'expired']),
    );
    expect(rig.doorkeeper.facts().refused.expired).toBe(9);
    const certificate = await rig.enrol('lane-2');
    for (const address of [HERE, HERE, '192.0.2.8', HERE]) {
      const answer = rig.judge(certificate);
      if (answer.ok) rig.doorkeeper.onKnown(answer.proof, address);
    }
    expect(rig.told('lane_known')).toHaveLength(2);
  });

  test('what a lane has shown last is remembered; a revoked one that comes is, for a day', async () => {
    const certificate = await rig.enrol('lane-1');
    const answer = rig.judge(certificate);
    if (answer.ok) rig.doorkeeper.onKnown(answer.proof, HERE);
    const validity = { fromMs: certificate.validFromDate.getTime(), untilMs: certificate.validToDate.getTime() };
    expect([...rig.doorkeeper.facts().shown]).toEqual([['lane-1', validity]]);
    expect(rig.doorkeeper.facts().knocking).toEqual([]);
    await rig.register.revoke('lane-1', null);
    rig.judge(certificate);
    expect(rig.doorkeeper.facts().knocking).toEqual(['lane-1']);
    await rig.time.pass(DAY_MS + 1);
    expect(rig.doorkeeper.facts().knocking).toEqual([]);
  });

  test('at work from two places: told, shown for a day', async () => {
    for (let at = 0; at < 3; at += 1) rig.doorkeeper.onTwice('lane-1', HERE, '192.0.2.66');
    expect(rig.told('lane_twice')).toMatchObject([{ count: 1, other: '192.0.2.66' }, { count: 2 }]);
    expect(rig.doorkeeper.facts().twice).toEqual(['lane-1']);
    await rig.time.pass(DAY_MS + 1);
    expect(rig.doorkeeper.facts().twice).toEqual([]);
  });
});

describe('by password', () => {
  const show = (lane: string, password: string, address = HERE) =>
    rig.doorkeeper.byPassword(lane, Buffer.from(password), address);

  test('the right one, after a restart too; not another, nor another lane’s, nor a revoked one', async () => {
    const password = await rig.register.givePassword('lane-1', null);
    const other = await rig.register.givePassword('lane-2', null);
    expect(password).toMatch(/^[0-9a-hjkmnp-z]{26}$/);
    await rig.restart();
    for (let at = 0; at < 2; at += 1) {
      expect(await show('lane-1', password)).toMatchObject({ ok: true, proof: { lane: 'lane-1', way: 'password' } });
    }
    for (const wrong of ['', other, `${password} `, password.toUpperCase()]) {
      expect(await show('lane-1', wrong)).toEqual({ ok: false, reason: 'password' });
    }
    await rig.register.revoke('lane-1', null);
    expect(await show('lane-1', password)).toEqual({ ok: false, reason: 'password' });
  });

  test('a new one takes the old one’s place at once', async () => {
    const old = await rig.register.givePassword('lane-1', null);
    await show('lane-1', old);
    const fresh = await rig.register.givePassword('lane-1', null);
    expect((await show('lane-1', old)).ok).toBe(false);
    expect((await show('lane-1', fresh)).ok).toBe(true);
    expect(rig.revoked).toEqual(['lane-1', 'lane-1']);
  });

  test('who guesses waits; the till elsewhere does not', async () => {
    const password = await rig.register.givePassword('lane-1', null);
    for (let at = 0; at < 10; at += 1) await show('lane-1', `wrong ${at}`, '192.0.2.66');
    expect(await show('lane-1', password, '192.0.2.66')).toEqual({ ok: false, reason: 'busy' });
    expect((await show('lane-1', password)).ok).toBe(true);
    await rig.time.pass(60_001);
    expect((await show('lane-1', password, '192.0.2.66')).ok).toBe(true);
  }, 60_000);

  test('a name nobody has is not repeated in the trail', async () => {
    expect(await show('hunter2-typed-in-the-wrong-field', 'x')).toEqual({ ok: false, reason: 'password' });
    expect(JSON.stringify(rig.entries)).not.toContain('hunter2');
  });
});

test('a lane that has a proof is nobody without it', async () => {
  expect(rig.doorkeeper.mayBeUnproved('lane-1', HERE)).toBe(true);
  await rig.invite('lane-1');
  expect(rig.doorkeeper.mayBeUnproved('lane-1', HERE)).toBe(true);
  await rig.enrol('lane-1');
  expect(rig.doorkeeper.mayBeUnproved('lane-1', HERE)).toBe(false);
  await rig.register.revoke('lane-1', null);
  expect(rig.doorkeeper.mayBeUnproved('lane-1', HERE)).toBe(false);
});
