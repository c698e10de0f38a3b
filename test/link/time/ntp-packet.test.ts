import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ntpRequest, readNtpAnswer } from '../../../src/link/time/ntp-packet.ts';
import { ntpAnswer, type Play } from '../../harness/time-server.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9, 0, 0, 250);
const nonce = Buffer.from('0123456789abcdef', 'hex');
const read = (play: Partial<Play>, pivotMs = NOW_MS) =>
  readNtpAnswer(ntpAnswer(ntpRequest(nonce), { utcMs: () => NOW_MS, ...play }), nonce, pivotMs);

test('a request is 48 bytes: version 4, client, and nothing of our time', () => {
  const request = ntpRequest(nonce);
  expect(request).toHaveLength(48);
  expect(request[0]).toBe(0x23);
  expect(request.subarray(1, 40).every((byte) => byte === 0)).toBe(true);
  expect(request.subarray(40)).toEqual(nonce);
});

test('a good answer', () => {
  const answer = read({ rootDelayMs: 30, rootDispersionMs: 10 });
  expect(answer).toMatchObject({ kind: 'time', stratum: 2 });
  if (answer.kind !== 'time') return;
  expect(answer.receivedMs).toBeCloseTo(NOW_MS, 3);
  expect(answer.distanceMs).toBeCloseTo(25, 1);
});

test('the example of an answer of 2026, byte by byte (RFC 5905 figure 8)', () => {
  const packet = Buffer.from(
    `24010000${'00000000'}${'00000000'}4e495354${'0000000000000000'}${nonce.toString('hex')}eeac8d2040000000eeac8d2080000000`,
    'hex',
  );
  // 0xeeac8d20 - 2208988800 s after 1970; a quarter and a half of a second.
  const secondMs = (0xeeac8d20 - 2_208_988_800) * 1000;
  expect(readNtpAnswer(packet, nonce, NOW_MS)).toEqual({
    kind: 'time',
    receivedMs: secondMs + 250,
    sentMs: secondMs + 500,
    distanceMs: 0,
    stratum: 1,
  });
});

test.each([
  ['another timestamp than ours', { wrong: 'origin' }, { kind: 'foreign' }],
  ['no server', { wrong: 'mode' }, { kind: 'foreign' }],
  ['cut short', { wrong: 'short' }, { kind: 'foreign' }],
  ['go away', { kiss: 'DENY' }, { kind: 'kiss', code: 'DENY' }],
  ['slower', { kiss: 'RATE' }, { kind: 'kiss', code: 'RATE' }],
  ['not synchronised itself', { leap: 3 }, { kind: 'unusable', why: 'alarm' }],
  ['stratum 16', { stratum: 16 }, { kind: 'unusable', why: 'stratum' }],
  ['far from its own source', { rootDispersionMs: 16_000 }, { kind: 'unusable', why: 'distance' }],
  ['no time', { wrong: 'no_time' }, { kind: 'unusable', why: 'no_time' }],
] as [string, Partial<Play>, object][])('%s', (_name, play, expected) => {
  expect(read(play)).toEqual(expected);
});

test('a kiss with another timestamp than ours kisses nobody', () => {
  expect(read({ kiss: 'DENY', wrong: 'origin' })).toEqual({ kind: 'foreign' });
});

test('after 2036 the era is the one nearest to the release', () => {
  const then = Date.UTC(2040, 0, 1);
  expect(read({ utcMs: () => then }, NOW_MS)).toMatchObject({ receivedMs: then });
  expect(read({ utcMs: () => then }, Date.UTC(2036, 0, 1))).toMatchObject({ receivedMs: then });
});

test('whatever comes, it is read without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const packet = Buffer.from(bytes);
      if (packet.length >= 32) nonce.copy(packet, 24);
      expect(['time', 'kiss', 'foreign', 'unusable']).toContain(readNtpAnswer(packet, nonce, NOW_MS).kind);
    }),
  );
});
