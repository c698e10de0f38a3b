import { describe, expect, it } from 'vitest';
import { isTrailKind, trailBodyFault } from '../../src/record/trail-kinds.ts';

const HASH = Buffer.alloc(32, 7).toString('base64');

describe('the closed list', () => {
  it('knows its kinds and nothing that JavaScript knows beside them', () => {
    expect(['intake', 'unclean_end', 'trail_fault'].map(isTrailKind)).toEqual([true, true, true]);
    expect(['toString', '__proto__', 'seg', ''].map(isTrailKind)).toEqual([false, false, false, false]);
    expect(trailBodyFault('seg', {})).toBe('there is no kind seg');
  });

  it.each([
    ['intake', { records: [[1, 'lane-1', 'II', HASH, HASH, 1_800_000_000_000, 0, 3]] }],
    ['settle', { records: [[1, 1, 'SYNCED', HASH]] }],
    ['settle', { records: [[1, 1, 'SYNCED', HASH, 'unproved']] }],
    ['settle', { records: [[1, 1, 'SYNCED', HASH, 'V-1', '2026-11-22T09:03:00Z']] }],
    ['conflict', { lane: 'lane-1', lane_hash: HASH, sequence: -3 }],
    ['configuration', { changed: null, hash: HASH }],
    ['stop', {}],
  ])('takes %s %j', (kind, body) => {
    expect(trailBodyFault(kind, body)).toBeNull();
  });

  it.each([
    ['a member more', 'refused', { codes: [], hash: HASH, lane: 'lane-1', prescription_id: 'RX-1' }],
    ['a member less', 'refused', { codes: [], lane: 'lane-1' }],
    ['a hash that is none', 'refused', { codes: [], hash: 'RX-1001', lane: 'lane-1' }],
    ['a hash of another length', 'refused', { codes: [], hash: Buffer.alloc(16).toString('base64'), lane: 'lane-1' }],
    ['a word more about a record', 'settle', { records: [[1, 1, 'SYNCED', HASH, 'RX-1001']] }],
    ['a state that is none', 'settle', { records: [[1, 1, 'DONE', HASH]] }],
    ['a time without milliseconds', 'clock_step', { by_ms: 1, count: 1, from: '2026-11-22T09:03:00Z', to: HASH }],
    ['no object', 'stop', []],
  ])('does not take %s', (_, kind, body) => {
    expect(trailBodyFault(kind, body)).toMatch(new RegExp(`^${kind}: `));
  });
});
