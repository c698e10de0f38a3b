import { expect, test } from 'vitest';
import { checkpointAnswer, checkpointSchema } from '../../src/health/checkpoint.ts';
import { readWitness } from '../../src/inspect/statements.ts';
import { GOOD_LOG, GOOD_TRAIL, snapshotOf } from './facts.ts';

const note = (size: number) =>
  `gw-0042/0a1b2c3d/audit\n${size}\n${Buffer.alloc(32, size).toString('base64')}\n\n— gw-0042/0a1b2c3d/audit ${Buffer.alloc(68).toString('base64')}\n`;

test('the newest checkpoints with their key, and what the PMS has cosigned', () => {
  const answer = checkpointAnswer(snapshotOf());
  expect(checkpointSchema.strict().parse(answer)).toEqual(answer);
  expect(answer).toMatchObject({
    gateway_id: 'gw-0042',
    epoch: '0a1b2c3d',
    trails: [
      { log: 'audit', size: 128, signed_at_utc: '2026-11-22T08:59:56.000Z', cosigned_size: 120 },
      { log: 'schedule_two', cosigned: { at_utc: '2026-11-22T08:59:51.000Z' } },
    ],
  });
});

test('before the first of anything', () => {
  const early = { ...GOOD_LOG, checkpoint: null, witness: { ...GOOD_LOG.witness, cosigned: null } };
  const trail = { ...GOOD_TRAIL, witnessKey: null, logs: { audit: early, schedule_two: early } };
  const answer = checkpointAnswer(snapshotOf({ buffer: () => null, trail: () => trail }));
  expect(checkpointSchema.parse(answer)).toMatchObject({ epoch: null, trails: [{ checkpoint: null, size: null }, {}] });
  expect(checkpointAnswer(snapshotOf({ trail: () => null })).trails).toEqual([]);
});

test('kept as it came, it is a witness for the inspector', () => {
  const cosigned = { note: note(120), cosignature: `— pms.test ${Buffer.alloc(76).toString('base64')}`, atMs: 0 };
  const log = {
    ...GOOD_LOG,
    checkpoint: { size: 128, note: note(128), verifierKey: 'key', atMs: 0 },
    witness: { ...GOOD_LOG.witness, cosigned },
  };
  const trail = { ...GOOD_TRAIL, logs: { audit: log, schedule_two: { ...log, checkpoint: null } } };
  const text = JSON.stringify(checkpointAnswer(snapshotOf({ trail: () => trail })));
  const { statements } = readWitness('answer', text);
  expect(statements.map(({ kind }) => kind)).toEqual(['checkpoint', 'cosignature', 'cosignature']);
});
