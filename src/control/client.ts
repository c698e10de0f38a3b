/** The command line's side of the control socket: one request, one connection, one answer. */
import { connect as open, type Socket } from 'node:net';
import type { z } from 'zod';
import { CounterfoilError, isErrorCode, messageOf } from '../base/errors.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { controlSocketPath } from './socket-path.ts';
import { answerSchema, MAX_ANSWER_BYTES } from './wire.ts';

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
  const socket = await connected(controlSocketPath(dataDir), dataDir);
  try {
    socket.end(`${JSON.stringify({ id: 1, op, params })}\n`);
    const answer = answerSchema.safeParse(await firstLine(socket, dataDir));
    if (!answer.success) throw otherVersion(dataDir);
    if ('error' in answer.data) {
      const { code, message, hint } = answer.data.error;
      throw new CounterfoilError(isErrorCode(code) ? code : 'internal', message, hint);
    }
    const read = result.safeParse(answer.data.result);
    if (!read.success) throw otherVersion(dataDir);
    return read.data;
  } finally {
    socket.destroy();
  }
}

async function connected(path: string, dataDir: string): Promise<Socket> {
  const socket = open({ path, allowHalfOpen: true });
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'Run this as the user the gateway runs as, or as root (sudo).';
      throw new CounterfoilError('gateway_unreachable', `this user may not open ${path}`, hint, error);
    }
    const message =
      code === 'ENOENT' || code === 'ECONNREFUSED'
        ? `no gateway is running on ${dataDir}`
        : `${path} cannot be opened: ${messageOf(error)}`;
    throw new CounterfoilError('gateway_unreachable', message, 'Start it with "counterfoil run --config FILE".', error);
  }
}

async function firstLine(socket: Socket, dataDir: string): Promise<unknown> {
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  try {
    for await (const line of linesOf(socket, MAX_ANSWER_BYTES)) return JSON.parse(line.toString('utf8'));
  } catch (error) {
    if (error instanceof LineTooLong || error instanceof SyntaxError) throw otherVersion(dataDir);
    throw noAnswer(dataDir, error);
  }
  throw noAnswer(dataDir);
}

function noAnswer(dataDir: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'gateway_unreachable',
    `the gateway on ${dataDir} took the request and did not answer`,
    'Whether it was done is not known: look first, then ask again. Its log says more.',
    cause,
  );
}

function otherVersion(dataDir: string): CounterfoilError {
  return new CounterfoilError(
    'gateway_unreachable',
    `the gateway on ${dataDir} answered something that is not understood`,
    'Gateway and command line are perhaps of different versions; use the same.',
  );
}
