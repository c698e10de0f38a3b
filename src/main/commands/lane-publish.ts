/**
 * `counterfoil lane publish`: one record after the other, each with its PUBACK and receipt. Bytes go out as they stand in
 * the file, so that what the gateway says is about them and not about what this program would have made of them.
 */
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { systemClock, systemTimers, type Timers } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { LaneClient } from '../../lane/client.ts';
import type { LaneCredentials } from '../../lane/session.ts';
import type { Receipt } from '../../record/lane-wire.ts';
import type { CommandIo } from './io.ts';

export interface PublishFlags {
  readonly url: string;
  readonly store: string;
  readonly lane: string;
  readonly file: string;
  /** Seconds. */
  readonly timeout: number;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly json?: true;
}

/** Publishes everything in the file; throws `gateway_unreachable` when an answer is missing. */
export async function publish(flags: PublishFlags, io: CommandIo): Promise<void> {
  const publishes = splitPublishes(flags.file === '-' ? await buffer(process.stdin) : readBytes(flags.file));
  const credentials = credentialsOf(flags);
  const client = new LaneClient({
    url: flags.url,
    store: flags.store,
    lane: flags.lane,
    outboxPath: ':memory:',
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    credentials,
  });
  const desk = new AnswerDesk(client, flags.timeout * 1000, systemTimers);
  client.start();
  try {
    for (const [index, bytes] of publishes.entries()) {
      const receipt = await desk.ask(bytes, { url: flags.url, number: index + 1, of: publishes.length });
      const prefix = publishes.length === 1 ? '' : `${index + 1}: `;
      io.write(flags.json === true ? `${JSON.stringify(receipt)}\n` : `${prefix}${inWords(receipt)}`);
      if (receipt.status === 'refused' || receipt.status === 'conflict') io.exitWith(EXIT.failure);
    }
  } finally {
    await client.stop();
  }
}

interface Question {
  readonly url: string;
  readonly number: number;
  readonly of: number;
}

/** Asks one thing at a time and knows why no answer came. */
class AnswerDesk {
  readonly #client: LaneClient;
  readonly #timeoutMs: number;
  readonly #timers: Timers;
  #offlineReason = 'there was no time to connect';
  #acknowledged = 0;
  #isDeferred = false;
  #answer: ((receipt: Receipt) => void) | null = null;
  #position = 0;

  constructor(client: LaneClient, timeoutMs: number, timers: Timers) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#timers = timers;
    client.on('offline', (reason) => {
      this.#offlineReason = reason;
    });
    client.on('acknowledged', ({ position }) => {
      this.#acknowledged = position;
    });
    client.on('receipt', ({ row, receipt }) => {
      if (row?.position !== this.#position) return;
      this.#isDeferred = receipt.status === 'deferred';
      if (!this.#isDeferred) this.#answer?.(receipt);
    });
  }

  async ask(bytes: Buffer, question: Question): Promise<Receipt> {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    this.#answer = resolve;
    this.#isDeferred = false;
    this.#position = this.#client.publishRaw(bytes).position;
    const cancel = this.#timers.after(this.#timeoutMs, () => reject(this.#complaint(question)));
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  #complaint({ url, number, of }: Question): CounterfoilError {
    const which = of === 1 ? 'the record' : `record ${number} of ${of}`;
    const [what, todo] = this.#reason(url);
    const again = `${todo}; publish again with the same key, it counts once`;
    return new CounterfoilError('gateway_unreachable', `${which} was not answered: ${what}`, again);
  }

  #reason(url: string): [what: string, todo: string] {
    if (!this.#client.isOnline) {
      return [`no connection to ${url} (${this.#offlineReason})`, 'check the gateway, --url, --store and --lane'];
    }
    if (this.#isDeferred) {
      return ['the gateway has no room for it and deferred it', 'look at the gateway’s storage (counterfoil status)'];
    }
    if (this.#acknowledged === this.#position) {
      return ['it is on the gateway’s disk, but no receipt came', 'nothing is lost, look at the gateway’s log'];
    }
    return ['the gateway did not acknowledge it', 'look at the gateway’s log and at --store and --lane'];
  }
}

/** One publish, or one a line when the first line is JSON by itself and more follow. */
export function splitPublishes(bytes: Buffer): Buffer[] {
  const lines = bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length < 2 || isJson(bytes.toString('utf8')) || !isJson(lines[0] ?? '')) return [bytes];
  return lines.map((line) => Buffer.from(line));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A receipt for people: the verdict, then every flag and reason on a line of its own. */
export function inWords(receipt: Receipt): string {
  const where = receipt.sequence_id === null ? '' : ` as ${receipt.sequence_id}`;
  const state = receipt.sequence_id === null ? '' : `, ${receipt.state}`;
  const flags = receipt.flags.map((flag) => `  flag ${flag}`);
  const reasons = receipt.reasons.map(({ message }) => `  ${message}`);
  return `${[`${receipt.status}${where}${state}`, ...flags, ...reasons].join('\n')}\n`;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CounterfoilError(
      'usage',
      `${file} cannot be read: ${messageOf(error)}`,
      'check the path and that this user may read it',
      error,
    );
  }
}

function credentialsOf(flags: PublishFlags): LaneCredentials {
  return {
    ...(flags.caFile === undefined ? {} : { ca: readBytes(flags.caFile) }),
    ...(flags.certFile === undefined ? {} : { cert: readBytes(flags.certFile) }),
    ...(flags.keyFile === undefined ? {} : { key: readBytes(flags.keyFile) }),
    ...(flags.username === undefined ? {} : { username: flags.username }),
    ...(flags.passwordFile === undefined ? {} : { password: readSecretFile(flags.passwordFile) }),
  };
}
