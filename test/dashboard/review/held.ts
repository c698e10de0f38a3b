/** A record that waits, to be spoilt by each test. */
import type { WaitingItem } from '../../../src/buffer/api.ts';
import { NOW_MS } from '../../health/facts.ts';

export const HELD: WaitingItem = {
  of: 'record',
  number: 17,
  state: 'HELD',
  lane: 'lane-3',
  schedule: 'II',
  receivedAtMs: NOW_MS - 60_000,
  flags: ['signature_missing'],
  hash: Buffer.alloc(32, 0xab),
  reasons: [],
};

export const REFUSED: WaitingItem = {
  ...HELD,
  of: 'evidence',
  number: 3,
  state: 'REFUSED',
  schedule: null,
  flags: [],
  reasons: ['not_json'],
};
