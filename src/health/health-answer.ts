/** `/health` in the form of draft-inadarei-api-health-check-06, media type `application/health+json`. */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import type { Findings } from './checks/all.ts';
import type { CheckStatus } from './checks/check.ts';
import type { Snapshot } from './snapshot.ts';

export const livenessSchema = z.object({ live: z.literal(true) });

export const readinessSchema = z.object({
  ready: z.boolean(),
  /** Every reason why no lane can be acknowledged; empty when ready. */
  reasons: z.array(z.string()),
});

const statusSchema = z.enum(['pass', 'warn', 'fail']);

const entrySchema = z.object({
  componentId: z.string().optional(),
  componentType: z.enum(['component', 'datastore', 'system']),
  observedValue: z.union([z.number(), z.string(), z.boolean()]).nullable(),
  observedUnit: z.string().optional(),
  status: statusSchema,
  output: z.string().optional(),
  time: z.iso.datetime(),
});

export const healthAnswerSchema = z.object({
  status: statusSchema,
  version: z.string(),
  releaseId: z.string(),
  serviceId: z.string(),
  description: z.string(),
  /** What is not well, for people who read only the first lines. */
  output: z.string().optional(),
  /** By `component:measurement`; one entry for each component. */
  checks: z.record(z.string(), z.array(entrySchema)),
});
export type HealthAnswer = z.infer<typeof healthAnswerSchema>;

/** HTTP status: 503 only when lanes or records are in danger; an outage of the WAN is 200 with `warn`. */
export function httpStatusOf(status: CheckStatus): 200 | 503 {
  return status === 'fail' ? 503 : 200;
}

export function healthAnswer(snapshot: Snapshot, { checks, status }: Findings): HealthAnswer {
  const time = toUtcText(snapshot.nowMs);
  const byName: HealthAnswer['checks'] = {};
  for (const { name, ...check } of checks) {
    byName[name] ??= [];
    byName[name].push({ ...check, time });
  }
  const bad = checks.filter((check) => check.status !== 'pass').map((check) => `${check.name}: ${check.output ?? ''}`);
  return {
    status,
    // The draft's `version` is the public interface's, `releaseId` the program's.
    version: '1',
    releaseId: snapshot.about.version,
    serviceId: snapshot.about.gatewayId,
    description: `Counterfoil gateway of store ${snapshot.about.store}`,
    ...(bad.length === 0 ? {} : { output: bad.join('\n') }),
    checks: byName,
  };
}
