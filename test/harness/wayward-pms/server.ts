/**
 * A PMS on a real socket with honest books (`Ledger`) and, as long as a trick is played, answers that are anything but.
 * It belongs to one gateway; what that gateway did wrong by the protocol alone is in `complaints`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Signal } from '../signal.ts';
import { Ledger, type Opinion } from './ledger.ts';
import { carryOut, type Reaction } from './reaction.ts';
import { PATHS, type Request, readRequest } from './request.ts';
import { type Trick, type TrickName, trickOf } from './tricks.ts';

export interface PmsOptions {
  readonly elsewhere: string;
  readonly opinionOf?: (key: string) => Opinion;
  readonly poisonous?: (key: string) => boolean;
}

interface Play {
  readonly trick: Trick;
  left: number;
}

/** Where in a request somebody may step in: before its books are opened, and before its answer leaves. */
export type Step = 'arrived' | 'decided';

export class WaywardPms {
  readonly ledger: Ledger;
  /** Everything that was asked of it, the heartbeat left out. */
  readonly requests: Request[] = [];
  readonly complaints: string[] = [];
  /** Rings with every request, connection and end of a trick. */
  readonly news = new Signal();
  /** Connections it has hung up on while the line was cut. */
  hungUp = 0;
  /** Steps in at a moment of a request; once it has resolved the request goes on. 'gone': it ends without an answer. */
  stepIn: ((step: Step, request: Request) => Promise<'go on' | 'gone'>) | null = null;
  readonly #options: PmsOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Requests a trick was played on. */
  tricked = 0;
  /** Honest 409 since the last batch that was taken. */
  conflictsInRow = 0;
  #play: Play | null = null;
  #cut = false;

  constructor(options: PmsOptions) {
    this.#options = options;
    this.ledger = new Ledger(options.opinionOf);
    this.#server = createServer((message, response) => {
      this.#serve(message, response).catch((error: unknown) => {
        this.complaints.push(`the PMS failed: ${String(error)}`);
        response.destroy();
      });
    });
    this.#server.on('connection', (socket) => this.#connected(socket));
  }

  static async start(options: PmsOptions): Promise<WaywardPms> {
    const pms = new WaywardPms(options);
    pms.#server.listen(0, '127.0.0.1');
    await once(pms.#server, 'listening');
    return pms;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Turns of the trick still to be played. */
  get turnsLeft(): number {
    return this.#play?.left ?? 0;
  }

  /** Plays a trick for the next `turns` requests it is about. */
  play(name: TrickName, turns: number): void {
    this.#play = { trick: trickOf(name), left: turns };
  }

  /** The line is cut: every connection is hung up on, those to come as well. */
  cutLine(): void {
    this.#cut = true;
    this.hungUp = 0;
    for (const socket of this.#sockets) socket.destroy();
  }

  mendLine(): void {
    this.#cut = false;
  }

  /** From now on it is a good PMS with a good line, and decides what it was verifying. */
  behave(): void {
    this.#cut = false;
    this.#play = null;
    this.stepIn = null;
    this.ledger.decides = true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connected(socket: Socket): void {
    if (this.#cut) {
      this.hungUp += 1;
      socket.destroy();
      this.news.ring();
      return;
    }
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message).catch(() => null);
    // A gateway that is killed in the middle of a request has asked nothing.
    if (request === null) return;
    if (request.path !== PATHS.ping) this.requests.push(request);
    this.complaints.push(...request.faults);
    const reaction = await this.#decide(request);
    if (reaction !== null) carryOut(reaction, response);
    this.news.ring();
  }

  async #decide(request: Request): Promise<Reaction | null> {
    const isPing = request.path === PATHS.ping;
    if (!isPing && (await this.stepIn?.('arrived', request)) === 'gone') return null;
    const reaction = this.#tricked(request) ?? this.#honestly(request);
    if (!isPing && (await this.stepIn?.('decided', request)) === 'gone') return null;
    return reaction;
  }

  #tricked(request: Request): Reaction | null {
    const play = this.#play;
    if (play === null || !concerns(play.trick, request)) return null;
    play.left -= 1;
    if (play.left <= 0) this.#play = null;
    const reaction = play.trick.react({
      request,
      ledger: this.ledger,
      honest: () => this.ledger.answer(request),
      elsewhere: this.#options.elsewhere,
      poisonous: this.#options.poisonous ?? (() => false),
    });
    if (reaction !== null) this.tricked += 1;
    return reaction;
  }

  #honestly(request: Request): Reaction {
    const headers = { 'accept-encoding': 'gzip, zstd' };
    if (request.path === PATHS.ping) {
      return { how: 'answer', status: 200, body: { status: 'ok', time_utc: new Date().toISOString() } };
    }
    const answer = this.ledger.answer(request);
    if (request.batch !== null) this.conflictsInRow = answer.status === 409 ? this.conflictsInRow + 1 : 0;
    return { how: 'answer', headers, ...answer };
  }
}

function concerns(trick: Trick, request: Request): boolean {
  if (trick.on === 'all') return true;
  return request.batch !== null || (trick.on === 'posts' && request.lookup !== null);
}
