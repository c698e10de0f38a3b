/** The shop's own broker as the source of records. No check at all when lanes connect to the gateway itself. */
import type { ExternalFacts } from '../sources.ts';
import { type Checker, seconds, span, verdict } from './check.ts';

/** RabbitMQ ends a session that leaves a publish unacknowledged for half an hour, unless it is told otherwise. */
const LONG_UNACKNOWLEDGED_MS = 20 * 60_000;

export const externalChecks: Checker = ({ intake: { external }, monotonicMs }) => {
  if (external === null) return [];
  const { oldestUnacknowledgedAtMs: oldest } = external;
  const ageMs = oldest === null ? 0 : Math.max(0, monotonicMs - oldest);
  return [
    {
      name: 'intake:external',
      componentType: 'component',
      observedValue: external.standing,
      ...verdict(standingProblem(external)),
    },
    {
      name: 'intake:session',
      componentType: 'component',
      observedValue: external.sessionPresent,
      ...verdict(
        external.sessionLost && {
          status: 'fail',
          output:
            'The broker had forgotten our session: records that lanes published meanwhile may be lost there. Make its session store durable and without expiry (docs/how-to/external-broker.md), let tills send again what is not synced, then restart the gateway. With a broker used for the first time, restart the gateway.',
        },
      ),
    },
    {
      name: 'intake:unacknowledged',
      componentType: 'component',
      observedValue: external.unacknowledged,
      ...verdict(
        ageMs > LONG_UNACKNOWLEDGED_MS && {
          status: 'warn',
          output: `The oldest publish has been unacknowledged at the broker for ${span(ageMs)}. With acknowledge: after_sync, records wait for the PMS: see its link. Some brokers end a session over that (RabbitMQ: consumer_timeout).`,
        },
      ),
    },
    {
      name: 'intake:oldestUnacknowledged',
      componentType: 'component',
      observedValue: oldest === null ? null : seconds(ageMs),
      observedUnit: 's',
      status: 'pass',
    },
    {
      name: 'intake:discarded',
      componentType: 'component',
      observedValue: external.discardedTotal,
      ...verdict(
        external.discardedTotal > 0 && {
          status: 'fail',
          output:
            "A lane has sent so much that is no record that its evidence is full; further such publishes were acknowledged and not kept. Mend that till and review the lane's evidence.",
        },
      ),
    },
  ];
};

function standingProblem({ contested, problem, role, standing }: ExternalFacts) {
  if (contested) {
    const output =
      'Two gateways throw each other out at the broker and do not hear each other. Stop one of them; let both read pos/{store}/status.';
    return { status: 'fail', output } as const;
  }
  if (standing === 'consuming') {
    if (role !== 'standby') return false;
    const output = 'This standby has taken over. Mend the other gateway, then restart this one to hand back.';
    return { status: 'warn', output } as const;
  }
  if (standing === 'standby') {
    if (role === 'standby') return false;
    const output = `Another gateway consumes, though this one is ${role}. Stop the other one to get this one back.`;
    return { status: 'warn', output } as const;
  }
  if (problem === null) return { status: 'warn', output: 'Listening whether another gateway consumes.' } as const;
  return { status: 'fail', output: `No records come in: ${problem.text}.` } as const;
}
