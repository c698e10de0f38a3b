/** `/health` in the form of draft-inadarei-api-health-check-06, media type `application/health+json`. */
import { toUtcText } from '../base/clock.ts';
import type { Findings } from './checks/all.ts';
import type { Check, CheckStatus } from './checks/check.ts';
import type { Snapshot } from './snapshot.ts';

export interface HealthAnswer {
  readonly status: CheckStatus;
  readonly version: string;
  readonly releaseId: string;
  readonly serviceId: string;
  readonly description: string;
  /** What is not well, for people who read only the first lines. */
  readonly output?: string;
  readonly checks: Readonly<Record<string, readonly CheckEntry[]>>;
}

type CheckEntry = Omit<Check, 'name'> & { readonly time: string };

/** HTTP status: 503 only when lanes or records are in danger; an outage of the WAN is 200 with `warn`. */
export function httpStatusOf(status: CheckStatus): 200 | 503 {
  return status === 'fail' ? 503 : 200;
}

export function healthAnswer(snapshot: Snapshot, { checks, status }: Findings): HealthAnswer {
  const time = toUtcText(snapshot.nowMs);
  const byName: Record<string, CheckEntry[]> = {};
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
