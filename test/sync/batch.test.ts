import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamEntry } from '../../src/buffer/api.ts';
import { SyncRequest } from '../../src/record/wire.ts';
import { buildBatch } from '../../src/sync/batch.ts';
import { isGap } from '../../src/sync/ports.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';

const head = {
  gatewayId: 'gw-0042',
  epoch: '0123abcd',
  stream: 'standard',
  shown: { checkpoint: null, witness: null },
} as const;
const MIB = 1024 * 1024;

function records(count: number): StreamEntry[] {
  return new MemoryBuffer().addMany(count);
}

function build(entries: readonly StreamEntry[], limit = 500, bytes = MIB) {
  const batch = buildBatch(head, entries, limit, bytes);
  if (batch === null) throw new Error('no batch');
  return batch;
}

describe('what goes into a batch', () => {
  test('nothing makes no batch', () => {
    expect(buildBatch(head, [], 500, MIB)).toBeNull();
  });

  test('at most the limit', () => {
    expect(build(records(10), 4)).toMatchObject({ first: 1, last: 4 });
  });

  test('only up to a hole in the stream numbers', () => {
    const all = records(5);
    expect(build(all.filter((entry) => entry.streamSequence !== 3)).last).toBe(2);
  });

  test('only as many bytes as allowed, but always one', () => {
    const whole = build(records(50));
    const part = build(records(50), 500, 8 * 1024);
    expect(part.body.length).toBeLessThanOrEqual(8 * 1024);
    expect(part.entries.length).toBeGreaterThan(1);
    expect(part.entries.length).toBeLessThan(whole.entries.length);
    expect(build(records(50), 500, 1).entries).toHaveLength(1);
  });
});

describe('its bytes', () => {
  test('are a request of the wire format, with every payload as it is stored', () => {
    const buffer = new MemoryBuffer();
    const arbitraryText = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(arbitraryText, fc.constantFrom('II' as const, 'V' as const), (extra, schedule) => {
        const record = buffer.add(schedule, { extra });
        const body = build([record]).body;
        expect(body.includes(record.payload)).toBe(true);
        const request = SyncRequest.parse(JSON.parse(body.toString('utf8')));
        expect(request.records[0]).toMatchObject({
          idempotency_key: record.idempotencyKey,
          payload_hash: hash('sha256', record.payload, 'hex'),
          sequence_id: `gw-0042-0123abcd-${String(record.sequence).padStart(12, '0')}`,
          payload: JSON.parse(record.payload.toString('utf8')),
        });
      }),
    );
  });

  test('ask for the second verification of Schedule II, and of nothing else', () => {
    const buffer = new MemoryBuffer();
    const parsed = [buffer.add('II'), buffer.add('III')].map(
      (record) => JSON.parse(build([record]).body.toString('utf8')).records[0],
    );
    expect(parsed[0].dual_verification).toBe(true);
    expect('dual_verification' in parsed[1]).toBe(false);
  });

  test('carry a marker where a record cannot be sent, without anything of the record', () => {
    const [record] = records(1);
    if (record === undefined || isGap(record)) throw new Error('a record');
    const { sequence, streamSequence, payloadHash } = record;
    const { body } = build([{ gap: 'quarantined', sequence, streamSequence, payloadHash }]);
    const request = SyncRequest.parse(JSON.parse(body.toString('utf8')));
    expect(request.records).toEqual([
      { stream_sequence: 1, sequence: 1, payload_hash: payloadHash.toString('hex'), gap: 'quarantined' },
    ]);
  });

  test('have one key: the same for the same bytes, another for others', () => {
    expect(build(records(3)).key).toBe(build(records(3)).key);
    expect(build(records(3)).key).not.toBe(build(records(2)).key);
    const later = buildBatch({ ...head, shown: { checkpoint: 'a note', witness: null } }, records(3), 500, MIB);
    expect(later?.key).not.toBe(build(records(3)).key);
  });
});
