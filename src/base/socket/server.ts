/**
 * A Unix domain socket on which operations are asked for, a JSON object a line (wire.ts). Who may ask is decided by the
 * modes of the socket and its folder, and nothing of it is on any network; what is allowed beyond that, each operation
 * decides itself.
 *
 * A process that dies leaves its socket behind; whoever starts next finds that nobody answers there and replaces it.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, connect as open, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { CounterfoilError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { LineTooLong, linesOf } from './lines.ts';
import type { Operations } from './operations.ts';
import { type Answer, requestSchema } from './wire.ts';

export interface SocketServerOptions {
  /** What the log and errors call it, such as `control socket`. */
  readonly name: string;
  /** Whose it is, such as `the gateway`. */
  readonly program: string;
  readonly path: string;
  /** Modes of the socket and of its folder, which is made when it is not there: who may ask. */
  readonly mode: number;
  readonly folderMode: number;
  readonly maxRequestBytes: number;
  /** A request as it should be, for a caller who sent none. */
  readonly example: string;
  readonly operations: Operations;
  readonly log: Log;
}

/** Callers on one box are few; more connections than this wait in the kernel's queue or are turned away. */
const MAX_CONNECTIONS = 16;
/** A connection on which nothing happens for so long is closed. */
const IDLE_MS = 60_000;

export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #working = new Set<Promise<void>>();
  #server: Server | null = null;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  /** Opens the socket. Throws `address_in_use` when somebody answers there, or something that is no socket lies there. */
  async start(): Promise<void> {
    const { name, path, mode, folderMode, log } = this.#options;
    const folder = dirname(path);
    mkdirSync(folder, { recursive: true, mode: folderMode });
    chmodSync(folder, folderMode);
    await removeStale(path);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#connect(socket));
    server.maxConnections = MAX_CONNECTIONS;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(path, resolve);
    await promise;
    server.removeListener('error', reject);
    server.on('error', (error) => log.warn(name, { error: error.message }));
    this.#server = server;
    // Until here its mode is that of a new file, which only the owner may write to, and so connect to.
    chmodSync(path, mode);
  }

  /** Lets requests that have begun come to their end, then closes everything; the socket's file goes with it. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.allSettled(this.#working);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connect(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    // A caller that goes away in the middle is no news; 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    this.#serve(socket).catch(() => socket.destroy());
  }

  async #serve(socket: Socket): Promise<void> {
    try {
      // Kept when the lines end early: the caller is still to be told why.
      const chunks = socket.iterator({ destroyOnReturn: false });
      for await (const line of linesOf(chunks, this.#options.maxRequestBytes)) {
        const work = this.#answer(line).then((answer) => send(socket, answer));
        this.#working.add(work);
        await work.finally(() => this.#working.delete(work));
      }
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      const tooLong = new CounterfoilError('usage', `a request has at most ${error.limitBytes} bytes`, 'Send less.');
      send(socket, failure(null, tooLong));
    }
    socket.destroySoon();
  }

  /** Never throws: whatever happens, the caller hears of it. */
  async #answer(line: Buffer): Promise<Answer> {
    const request = requestSchema.safeParse(parse(line));
    if (!request.success) {
      const hint = `Send one JSON object a line: ${this.#options.example}.`;
      return failure(null, new CounterfoilError('usage', 'this is no request', hint));
    }
    const { id, op, params } = request.data;
    const { name, program, operations, log } = this.#options;
    const asked = Object.hasOwn(operations, op) ? operations[op] : undefined;
    try {
      if (asked === undefined) {
        const known = Object.keys(operations).join(', ');
        throw new CounterfoilError('usage', 'there is no such operation', `Operations of this version: ${known}.`);
      }
      return { id, result: await asked.run(params) };
    } catch (error) {
      if (error instanceof CounterfoilError) return failure(id, error);
      // A message of JSON.parse quotes what it read, which may be a record.
      log.error(`a request over the ${name} failed`, {
        reason: op,
        error: error instanceof SyntaxError ? error.name : messageOf(error),
      });
      const hint = 'Its log says more. Nothing is known to have been changed.';
      return failure(id, new CounterfoilError('internal', `${program} failed at this request`, hint));
    }
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw inTheWay(`${path} is there and is no socket`, 'Move it away.');
  if (await answers(path)) throw inTheWay(`another process listens on ${path}`, 'Stop it first.');
  rmSync(path);
}

function send(socket: Socket, answer: Answer): void {
  if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
}

function failure(id: number | null, { code, message, hint }: CounterfoilError): Answer {
  return { id, error: { code, message, hint } };
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Whether a process listens on the socket at `path`. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = open(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function inTheWay(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('address_in_use', message, hint);
}
