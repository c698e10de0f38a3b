/** Parcels and progress as the outbox hands them to a target. */
import { hash } from 'node:crypto';
import type { Parcel, Progress } from '../../../src/reports/deliver/target.ts';

export function parcel(files: Readonly<Record<string, Buffer>>, id = 'daily-20261123-0123456789ab'): Parcel {
  return {
    id,
    gatewayId: 'gw-0042',
    title: 'Daily report, store 0042, 2026-11-23',
    confidential: false,
    asOfMs: Date.UTC(2026, 10, 24, 5),
    files: Object.entries(files).map(([end, bytes]) => ({
      name: `${id}.${end}`,
      bytes,
      sha256: hash('sha256', bytes, 'hex'),
    })),
  };
}

/** Bytes that compress badly and have every value, the same for the same length. */
export function bytes(length: number): Buffer {
  const made = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    made[at] = state >>> 24;
  }
  return made;
}

export class Steps implements Progress {
  readonly steps: string[] = [];

  has(step: string): boolean {
    return this.steps.includes(step);
  }

  async done(step: string): Promise<void> {
    this.steps.push(step);
  }
}
