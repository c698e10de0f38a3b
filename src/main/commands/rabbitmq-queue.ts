/** What RabbitMQ's management API says about the queue behind the gateway's session: its type, and when it goes away. */
import { z } from 'zod';
import { messageOf } from '../../base/errors.ts';
import type { Finding } from '../../intake/external/probe.ts';

export interface ManagementAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Client id of the session. */
  readonly clientId: string;
}

const ANSWER_TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;
/** Shorter than the longest time both gateways can be away, a holiday say. */
const SHORT_EXPIRY_MS = 14 * DAY_MS;

const queueSchema = z.object({
  type: z.string(),
  durable: z.boolean(),
  arguments: z.object({ 'x-expires': z.number().optional() }),
});

/** Never throws for what the API does. */
export async function queueFinding(access: ManagementAccess): Promise<Finding[]> {
  const name = `mqtt-subscription-${access.clientId}qos1`;
  const path = `/api/queues/%2F/${encodeURIComponent(name)}`;
  const authorization = `Basic ${Buffer.from(`${access.user}:${access.password}`).toString('base64')}`;
  try {
    const response = await fetch(new URL(path, access.url), {
      headers: { authorization },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status === 404) {
      return [unknown(`there is no queue ${name} in vhost /`, 'Start the gateway once, then ask again.')];
    }
    if (!response.ok) return [unknown(`the management API answered ${response.status}`, ACCESS)];
    return judge(queueSchema.parse(await response.json()));
  } catch (error) {
    return [unknown(`no usable answer of the management API: ${messageOf(error)}`, ACCESS)];
  }
}

const ACCESS = 'Check --management-url, --management-user (it needs the tag "monitoring") and the password file.';

function unknown(seen: string, advice: string): Finding {
  return { check: 'queue', status: 'unknown', seen, advice };
}

function judge({ arguments: { 'x-expires': expiresMs }, durable, type }: z.infer<typeof queueSchema>): Finding[] {
  const kind: Finding =
    type === 'quorum' && durable
      ? { check: 'queue', status: 'ok', seen: 'a durable quorum queue', advice: null }
      : {
          check: 'queue',
          status: 'fail',
          seen: `a ${durable ? 'durable' : 'transient'} ${type} queue: not replicated`,
          advice:
            'Set mqtt.durable_queue_type = quorum in rabbitmq.conf. The setting holds for new queues: drain and delete this one first.',
        };
  if (expiresMs === undefined) return [kind];
  const days = Math.floor(expiresMs / DAY_MS);
  const seen = `it is deleted, with what is in it, after ${days} days without a gateway`;
  if (expiresMs >= SHORT_EXPIRY_MS) return [kind, { check: 'queue', status: 'ok', seen, advice: null }];
  const advice =
    'Set mqtt.subscription_ttl to the longest time both gateways may be away; 4294967295 ms (49 days) is the most. It holds for new queues.';
  return [kind, { check: 'queue', status: 'fail', seen, advice }];
}
