/** A request to the sealer, one connection each, and what it means when nothing comes of it. */
import type { z } from 'zod';
import { CounterfoilError } from './errors.ts';
import { SEALER_ANSWER_BYTES } from './sealer-wire.ts';
import { callSocket, SocketTrouble } from './socket/call.ts';

/** For silence on the socket. Sealing copies a file, perhaps on a slow card. */
const ANSWER_MS = 10_000;
const SEAL_ANSWER_MS = 60_000;
const SLOW = ['seal', 'archive_open', 'archive_seal'];

/** The result of an operation. Throws `sealer_unreachable`, and what the sealer answers as an error. */
export async function callSealer<T>(
  path: string,
  op: string,
  params: Readonly<Record<string, unknown>>,
  result: z.ZodType<T>,
): Promise<T> {
  const timeoutMs = SLOW.includes(op) ? SEAL_ANSWER_MS : ANSWER_MS;
  try {
    return await callSocket({ path, op, params, result, timeoutMs, maxAnswerBytes: SEALER_ANSWER_BYTES });
  } catch (error) {
    if (!(error instanceof SocketTrouble)) throw error;
    const [message, hint] = wordsFor(error, path);
    throw new CounterfoilError('sealer_unreachable', message, hint, error.cause);
  }
}

/** What is wrong, and what to do. */
function wordsFor(trouble: SocketTrouble, path: string): [string, string] {
  const look =
    'Look at it: systemctl status counterfoil-sealer. Entries wait in the buffer meanwhile, and nothing is lost.';
  switch (trouble.kind) {
    case 'denied':
      return [`the gateway may not open the sealer's socket ${path}`, 'Both units must have the same Group=.'];
    case 'absent':
      return [`no sealer is running on ${path}`, look];
    case 'broken':
      return [`the sealer's socket ${path} cannot be opened: ${trouble.message}`, look];
    case 'no_answer':
      return ['the sealer took a request and did not answer', look];
    case 'not_understood':
      return [
        'the sealer answered something that is not understood',
        'Gateway and sealer are perhaps of different versions: restart both.',
      ];
  }
}
