/**
 * `counterfoil lane publish`: one record after the other, each with its PUBACK and receipt. Bytes go out as they stand in
 * the file, so that what the gateway says is about them and not about what this program would have made of them; only a
 * signature is added where one is asked for.
 */
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { LaneClient } from '../../lane/client.ts';
import { renew } from '../../lane/enrol.ts';
import { readEnrolled } from '../../lane/enrolled.ts';
import { isRenewalDue } from '../../lane/renewal.ts';
import type { LaneCredentials } from '../../lane/session.ts';
import type { Receipt } from '../../record/lane-wire.ts';
import type { CommandIo } from './io.ts';
import { AnswerDesk } from './lane-answers.ts';
import { type SignFlags, signingKeyOf, signPublish } from './lane-sign.ts';

export interface PublishFlags extends SignFlags {
  readonly identity?: string;
  readonly url?: string;
  readonly store?: string;
  readonly lane?: string;
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

export const DEFAULT_URL = 'mqtt://127.0.0.1:1883';

/** Publishes everything in the file; throws `gateway_unreachable` when an answer is missing. */
export async function publish(flags: PublishFlags, io: CommandIo): Promise<void> {
  const key = await signingKeyOf(flags);
  const read = splitPublishes(flags.file === '-' ? await buffer(process.stdin) : readBytes(flags.file));
  const publishes = key === null ? read : read.map((bytes) => signPublish(bytes, key));
  const { url, ...who } = whoOf(flags);
  if (flags.identity !== undefined) await renewInTime(flags.identity);
  const client = new LaneClient({
    url,
    ...who,
    outboxPath: ':memory:',
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
  });
  const desk = new AnswerDesk(client, flags.timeout * 1000, systemTimers);
  client.start();
  try {
    for (const [index, bytes] of publishes.entries()) {
      const receipt = await desk.ask(bytes, { url, number: index + 1, of: publishes.length });
      const prefix = publishes.length === 1 ? '' : `${index + 1}: `;
      io.write(flags.json === true ? `${JSON.stringify(receipt)}\n` : `${prefix}${inWords(receipt)}`);
      if (receipt.status === 'refused' || receipt.status === 'conflict') io.exitWith(EXIT.failure);
    }
  } finally {
    await client.stop();
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

interface Who {
  readonly url: string;
  readonly store: string;
  readonly lane: string;
  readonly credentials?: LaneCredentials;
  readonly identity?: string;
}

/** From the folder of an enrolled lane, or from the flags. @throws CounterfoilError `usage`, `config_unreadable`. */
function whoOf(flags: PublishFlags): Who {
  if (flags.identity !== undefined) {
    const { about } = readEnrolled(flags.identity);
    return { url: flags.url ?? about.mqtt_url, store: about.store, lane: about.lane, identity: flags.identity };
  }
  const { store, lane } = flags;
  if (store === undefined || lane === undefined) {
    throw new CounterfoilError('usage', 'which lane?', 'Give --store and --lane, or --identity of an enrolled lane.');
  }
  return { url: flags.url ?? DEFAULT_URL, store, lane, credentials: credentialsOf(flags) };
}

/** A till that cannot renew now goes on with what it has. */
async function renewInTime(folder: string): Promise<void> {
  try {
    if (isRenewalDue(folder, systemClock.utcMs())) await renew(folder);
  } catch (error) {
    process.stderr.write(`the certificate could not be renewed: ${messageOf(error)}\n`);
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
