/**
 * `/api/v1/checkpoint`: the newest signed checkpoint of each trail with the key to check it by, and what the PMS has cosigned.
 * For whoever wants to be a witness: fetch it now and then, keep it, and give it to `counterfoil trail verify --witness`.
 */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import type { Snapshot } from './snapshot.ts';
import { TRAIL_LOGS, type TrailLogFacts } from './sources.ts';

const time = z.iso.datetime();
const whole = z.int().nonnegative();

export const checkpointSchema = z.object({
  time_utc: time,
  gateway_id: z.string(),
  epoch: z.string().nullable(),
  /** The key by which the PMS cosigns; null until one is configured or seen. */
  witness_key: z.string().nullable(),
  trails: z.array(
    z.object({
      log: z.enum(TRAIL_LOGS),
      /** C2SP signed note; null before the first. */
      checkpoint: z.string().nullable(),
      size: whole.nullable(),
      signed_at_utc: time.nullable(),
      /** C2SP verifier key of the signature. */
      verifier_key: z.string().nullable(),
      cosigned_size: whole,
      /** The latest checkpoint cosigned since the start of the gateway; the trail holds all of them. */
      cosigned: z.object({ checkpoint: z.string(), cosignature: z.string(), at_utc: time }).nullable(),
    }),
  ),
});
export type CheckpointAnswer = z.infer<typeof checkpointSchema>;

export function checkpointAnswer({ about, buffer, monotonicMs, nowMs, trail }: Snapshot): CheckpointAnswer {
  const utcOf = (atMonotonicMs: number) => toUtcText(nowMs - (monotonicMs - atMonotonicMs));
  const logs = trail === null ? [] : TRAIL_LOGS.map((log) => ({ log, ...ofLog(trail.logs[log], utcOf) }));
  return {
    time_utc: toUtcText(nowMs),
    gateway_id: about.gatewayId,
    epoch: buffer?.epoch ?? null,
    witness_key: trail?.witnessKey ?? null,
    trails: logs,
  };
}

function ofLog({ checkpoint, cosignedSize, witness }: TrailLogFacts, utcOf: (atMs: number) => string) {
  const { cosigned } = witness;
  return {
    checkpoint: checkpoint?.note ?? null,
    size: checkpoint?.size ?? null,
    signed_at_utc: checkpoint === null ? null : toUtcText(checkpoint.atMs),
    verifier_key: checkpoint?.verifierKey ?? null,
    cosigned_size: cosignedSize,
    cosigned:
      cosigned === null
        ? null
        : { checkpoint: cosigned.note, cosignature: cosigned.cosignature, at_utc: utcOf(cosigned.atMs) },
  };
}
