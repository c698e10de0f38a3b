/** The caller's side of a Unix socket (wire.ts): one request, one connection, one answer. */
import { connect as open, type Socket } from 'node:net';
import type { z } from 'zod';
import { CounterfoilError, isErrorCode } from '../errors.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { answerSchema } from './wire.ts';

export type SocketTroubleKind =
  /** Nobody listens there. */
  | 'absent'
  /** This user may not open it. */
  | 'denied'
  /** It cannot be opened for another reason. */
  | 'broken'
  /** The request was taken and no answer came: whether it was done is not known. */
  | 'no_answer'
  /** The answer has another form. */
  | 'not_understood';

/** A call that came to nothing. Whoever called says in its own words what that means. */
export class SocketTrouble extends Error {
  readonly kind: SocketTroubleKind;

  constructor(kind: SocketTroubleKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SocketTrouble';
    this.kind = kind;
  }
}

export interface SocketCall<T> {
  readonly path: string;
  readonly op: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly result: z.ZodType<T>;
  /** For silence: how long nothing may happen. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

/** The result of one operation. Throws `SocketTrouble`, and what the other side answers as an error. */
export async function callSocket<T>(call: SocketCall<T>): Promise<T> {
  const socket = open({ path: call.path, allowHalfOpen: true });
  socket.setTimeout(call.timeoutMs, () => socket.destroy(new Error('no answer in time')));
  try {
    await connected(socket);
    socket.end(`${JSON.stringify({ id: 1, op: call.op, params: call.params })}\n`);
    const answer = answerSchema.safeParse(await firstLine(socket, call.maxAnswerBytes));
    if (!answer.success) throw notUnderstood();
    if ('error' in answer.data) {
      const { code, message, hint } = answer.data.error;
      throw new CounterfoilError(isErrorCode(code) ? code : 'internal', message, hint);
    }
    const read = call.result.safeParse(answer.data.result);
    if (!read.success) throw notUnderstood();
    return read.data;
  } finally {
    socket.destroy();
  }
}

async function connected(socket: Socket): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const message = error instanceof Error ? error.message : String(error);
    if (code === 'EACCES' || code === 'EPERM') throw new SocketTrouble('denied', message, error);
    throw new SocketTrouble(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'absent' : 'broken', message, error);
  }
}

async function firstLine(socket: Socket, maxBytes: number): Promise<unknown> {
  try {
    for await (const line of linesOf(socket, maxBytes)) return JSON.parse(line.toString('utf8'));
  } catch (error) {
    if (error instanceof LineTooLong || error instanceof SyntaxError) throw notUnderstood();
    throw new SocketTrouble('no_answer', 'it took the request and did not answer', error);
  }
  throw new SocketTrouble('no_answer', 'it took the request and did not answer');
}

function notUnderstood(): SocketTrouble {
  return new SocketTrouble('not_understood', 'it answered something that is not understood');
}
