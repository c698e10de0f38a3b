import { describe, expect, test } from 'vitest';
import { trailChecks } from '../../../src/health/checks/trail.ts';
import type { HealthSources, TrailFacts, TrailLogFacts } from '../../../src/health/sources.ts';
import { GOOD_LOG, GOOD_TRAIL, MONOTONIC_MS, NOW_MS, snapshotOf, sourcesOf } from '../facts.ts';

const HOUR_MS = 3_600_000;

function checksOf(trail: Partial<TrailFacts>, spoilt: Partial<HealthSources> = {}) {
  return trailChecks(snapshotOf({ ...spoilt, trail: () => ({ ...GOOD_TRAIL, ...trail }) }));
}

/** A check of the audit trail with these facts. */
function find(facts: Partial<TrailLogFacts>, name: string, more: Partial<TrailFacts> = {}) {
  const logs = { ...GOOD_TRAIL.logs, audit: { ...GOOD_LOG, ...facts } };
  return checksOf({ ...more, logs }).find((check) => check.name === name && check.componentId === 'audit');
}

test('all is well, for each trail; nothing is said of one that is not open', () => {
  const checks = checksOf({});
  expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  expect(checks).toHaveLength(1 + 2 * 4);
  expect(trailChecks(snapshotOf({ trail: () => null }))).toEqual([]);
});

test('files that can be overwritten are a failure in production', () => {
  const about = { ...sourcesOf().about, production: true };
  const wormOf = (worm: TrailFacts['worm']) => checksOf({ worm }, { about }).find(({ name }) => name === 'trail:worm');
  expect(wormOf('none')).toMatchObject({ observedValue: 'none', status: 'fail' });
  expect(wormOf('append_only')?.status).toBe('pass');
  expect(checksOf({}).find(({ name }) => name === 'trail:worm')?.status).toBe('pass');
});

test.each([
  [0, 'pass'],
  [30_000, 'pass'],
  [30_001, 'warn'],
  [900_001, 'fail'],
])('entries that wait %i ms for their segment: %s', (lagMs, status) => {
  expect(find({ lagMs, storedSize: 100 }, 'trail:lag')?.status).toBe(status);
});

describe('the newest checkpoint', () => {
  const checkpoint = (ageMs: number) => ({ size: 100, note: '…', verifierKey: '…', atMs: NOW_MS - ageMs });

  test('may be old when nothing has happened since', () => {
    expect(find({ fixedSize: 102, checkpoint: checkpoint(48 * HOUR_MS) }, 'trail:checkpoint')?.status).toBe('pass');
  });

  test('is missed when much has happened since for long', () => {
    expect(find({ fixedSize: 200, checkpoint: checkpoint(599_000) }, 'trail:checkpoint')?.status).toBe('pass');
    expect(find({ fixedSize: 200, checkpoint: checkpoint(601_000) }, 'trail:checkpoint')).toMatchObject({
      observedValue: 601,
      status: 'warn',
      output: expect.stringContaining('100 entries'),
    });
    expect(find({ fixedSize: 200, checkpoint: null }, 'trail:checkpoint')?.status).toBe('warn');
  });
});

describe('the PMS as a witness', () => {
  const witness = (more: Partial<TrailLogFacts['witness']>) => ({ witness: { ...GOOD_LOG.witness, ...more } });
  const longAgo = MONOTONIC_MS - HOUR_MS - 1;

  test.each(['witness_inconsistent', 'witness_unknown_key', 'witness_untrue', 'witness_refuses'])(
    '%s is a warning with what to do',
    (alarm) => {
      const check = find(witness({ alarm }), 'trail:cosigned');
      expect(check?.status).toBe('warn');
      expect(check?.output).toMatch(/PMS.*Records are taken/);
    },
  );

  test('that has stopped cosigning is missed after an hour of batches', () => {
    expect(find(witness({ unwitnessedSinceMs: MONOTONIC_MS - HOUR_MS }), 'trail:cosigned')?.status).toBe('pass');
    expect(find(witness({ unwitnessedSinceMs: longAgo }), 'trail:cosigned')?.status).toBe('warn');
  });

  test('need not be one; where its key is configured, it is meant to', () => {
    const never = { ...witness({ cosigned: null, unwitnessedSinceMs: longAgo }), cosignedSize: 0 };
    expect(find(never, 'trail:cosigned', { witnessKey: null })).toMatchObject({ observedValue: 0, status: 'pass' });
    expect(find(never, 'trail:cosigned')?.status).toBe('warn');
  });
});

test.each([
  ['tail_lost', 'fail'],
  ['fork', 'fail'],
  ['segment_write', 'fail'],
  ['checkpoint_refused', 'fail'],
  ['sealer_unreachable', 'warn'],
])('the trouble %s: %s, in its own words', (code, status) => {
  const troubles = [{ code, message: 'trail audit: it is so', hint: 'Do this.', sinceMs: NOW_MS }];
  expect(checksOf({ troubles }).filter(({ name }) => name === 'trail:trouble')).toMatchObject([
    { componentId: code, status, output: 'trail audit: it is so. Do this.' },
  ]);
});
