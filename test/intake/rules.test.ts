import { expect, it } from 'vitest';
import { mayPublish, maySubscribe } from '../../src/intake/rules.ts';

const publish = (topic: string, lane: string | null = null, retain = false) => {
  const verdict = mayPublish('0042', lane, { topic, retain }, () => false);
  return verdict.ok ? verdict.lane : verdict.reason;
};

it('takes records on a lane’s own topic only', () => {
  expect(publish('pos/0042/lane-1/records')).toBe('lane-1');
  expect(publish('pos/0042/lane-1/records', 'lane-1')).toBe('lane-1');
  expect(publish('pos/0042/lane-2/records', 'lane-1')).toMatch(/another lane/);
  expect(publish('pos/0043/lane-1/records')).toMatch(/another store/);
  expect(publish('pos/0042/lane-1/training')).toMatch(/not in training/);
  expect(publish('pos/0042/lane-1/records', null, true)).toMatch(/retain off/);
  for (const topic of [
    'pos/0042/status',
    'pos/0042/lane-1/receipts',
    'pos/0042/lane-1',
    '$SYS/x',
    'a',
    'pos/0042//records',
    '/pos/0042/lane-1/records',
    'pos/0042/lane 1/records',
  ]) {
    expect(publish(topic), topic).toMatch(/foreign topic/);
  }
});

it('lets a lane read its own receipts and the status, no wildcard', () => {
  const subscribe = (filter: string, lane: string | null = null) => {
    const verdict = maySubscribe('0042', lane, filter);
    return verdict.ok ? verdict.lane : 'refused';
  };
  expect(subscribe('pos/0042/lane-1/receipts')).toBe('lane-1');
  expect(subscribe('pos/0042/status', 'lane-1')).toBe(null);
  for (const filter of ['#', 'pos/#', 'pos/0042/+/receipts', '$SYS/#', 'pos/0042/lane-1/records', 'pos/0043/status']) {
    expect(subscribe(filter), filter).toBe('refused');
  }
  expect(subscribe('pos/0042/lane-2/receipts', 'lane-1')).toBe('refused');
});

it('takes practice records of a lane in training, on its own training topic', () => {
  const verdict = (lane: string | null, topic: string, retain = false) =>
    mayPublish('0042', lane, { topic, retain }, (name) => name === 'lane-1');
  expect(verdict(null, 'pos/0042/lane-1/training')).toEqual({ ok: true, lane: 'lane-1', practice: true });
  expect(verdict('lane-1', 'pos/0042/lane-1/training')).toMatchObject({ ok: true, practice: true });
  expect(verdict('lane-1', 'pos/0042/lane-1/records')).toMatchObject({ ok: true, practice: false });
  expect(verdict('lane-1', 'pos/0042/lane-2/training')).toMatchObject({ ok: false });
  expect(verdict('lane-2', 'pos/0042/lane-2/training')).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/not in training.*\/records/),
  });
  expect(verdict('lane-1', 'pos/0042/lane-1/training', true)).toMatchObject({ ok: false });
});
