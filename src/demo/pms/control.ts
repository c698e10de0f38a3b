/** `/_control/…`: switching faults from outside, for tests and demonstrations. Off unless asked for; never faulty. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { CounterfoilError } from '../../base/errors.ts';
import { parseFault } from './fault-set.ts';
import { isFaultName } from './faults.ts';
import { type Answer, checkToken, parseJson, Refusal, readBody } from './http.ts';
import { decideByHand } from './lookup.ts';
import type { Office } from './routes.ts';

export const CONTROL_PREFIX = '/_control/';

/** `clear` is done first (a list of names, or true for all), then `set` (texts for `parseFault`). */
const FaultOrder = z.strictObject({
  clear: z.union([z.literal(true), z.array(z.string().refine(isFaultName, 'no such fault'))]).optional(),
  set: z.array(z.string()).optional(),
});

const VerificationOrder = z.strictObject({
  gateway_id: z.string(),
  idempotency_key: z.string(),
  decision: z.enum(['verified', 'declined']),
});

/**
 * `GET /_control/state`, `POST /_control/fault {"set":["slow=200"],"clear":["down"]}`,
 * `POST /_control/verification {"gateway_id","idempotency_key","decision"}`. The token is needed here too.
 */
export async function answerControl(office: Office, request: IncomingMessage, path: string): Promise<Answer> {
  checkToken(request, office.token);
  const call = `${request.method} ${path.slice(CONTROL_PREFIX.length)}`;
  switch (call) {
    case 'GET state':
      return { status: 200, body: { faults: office.faults.list(), records: office.store.countsByStatus() } };
    case 'POST fault':
      return switchFaults(office, await readOrder(office, request, FaultOrder));
    case 'POST verification':
      return decide(office, await readOrder(office, request, VerificationOrder));
    default:
      throw new Refusal(404, 'not_found', 'use GET state, POST fault or POST verification');
  }
}

function switchFaults({ faults }: Office, order: z.infer<typeof FaultOrder>): Answer {
  // All are read before any is switched: an order with a mistake in it changes nothing.
  const choices = (order.set ?? []).map(readFault);
  if (order.clear === true) faults.clearAll();
  else for (const name of order.clear ?? []) faults.clear(name);
  for (const choice of choices) faults.set(choice);
  return { status: 200, body: { faults: faults.list() } };
}

function readFault(text: string) {
  try {
    return parseFault(text);
  } catch (error) {
    if (error instanceof CounterfoilError) throw new Refusal(400, 'fault_unknown', `${error.message}; ${error.hint}`);
    throw error;
  }
}

function decide(office: Office, order: z.infer<typeof VerificationOrder>): Answer {
  const which = { gatewayId: order.gateway_id, key: order.idempotency_key };
  const decided = decideByHand(office.store, which, order.decision, office.verifierId, office.clock.utcMs());
  if (!decided) throw new Refusal(404, 'not_waiting', 'no record of that key waits for verification');
  return { status: 200, body: { decision: order.decision } };
}

async function readOrder<T>(office: Office, request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readBody(request, office.limits.maxBodyBytes, 'optional')));
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'order_wrong', parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
}
