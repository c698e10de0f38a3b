/** The command line's side of the control socket: one request, one connection, one answer. */
import type { z } from 'zod';
import { CounterfoilError } from '../base/errors.ts';
import { callSocket, SocketTrouble } from '../base/socket/call.ts';
import { MAX_ANSWER_BYTES } from './limits.ts';
import { controlSocketPath } from './socket-path.ts';

/** Longer than a slow disk takes for one commit. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Asks the gateway that runs on `dataDir`. Throws `gateway_unreachable` when none answers or this user may not ask it,
 * and what the gateway itself answers as an error.
 */
export async function callGateway<T>(
  dataDir: string,
  op: string,
  params: Readonly<Record<string, unknown>>,
  result: z.ZodType<T>,
): Promise<T> {
  const path = controlSocketPath(dataDir);
  const limits = { timeoutMs: ANSWER_TIMEOUT_MS, maxAnswerBytes: MAX_ANSWER_BYTES };
  try {
    return await callSocket({ path, op, params, result, ...limits });
  } catch (error) {
    if (!(error instanceof SocketTrouble)) throw error;
    const [message, hint] = wordsFor(error, path, dataDir);
    throw new CounterfoilError('gateway_unreachable', message, hint, error.cause);
  }
}

/** What is wrong, and what to do. */
function wordsFor(trouble: SocketTrouble, path: string, dataDir: string): [string, string] {
  const start = 'Start it with "counterfoil run --config FILE".';
  switch (trouble.kind) {
    case 'denied':
      return [`this user may not open ${path}`, 'Run this as the user the gateway runs as, or as root (sudo).'];
    case 'absent':
      return [`no gateway is running on ${dataDir}`, start];
    case 'broken':
      return [`${path} cannot be opened: ${trouble.message}`, start];
    case 'no_answer':
      return [
        `the gateway on ${dataDir} took the request and did not answer`,
        'Whether it was done is not known: look first, then ask again. Its log says more.',
      ];
    case 'not_understood':
      return [
        `the gateway on ${dataDir} answered something that is not understood`,
        'Gateway and command line are perhaps of different versions; use the same.',
      ];
  }
}
