/** Mosquitto's command-line clients as a lane: `mosquitto_pub` publishes, `mosquitto_sub` reads receipts. */
import { parseReceipt } from '../../src/record/lane-wire.ts';
import { type Gateway, STORE } from './gateway.ts';
import { type Ending, Program } from './program.ts';
import { ReceiptLog } from './receipts.ts';
import type { Scene } from './scene.ts';

/** A client id of its own for each connection; which lane it is, the first topic it uses says. */
const identity = (lane: string, purpose: string) => ['-i', `${lane}-${purpose}`];

const address = ({ mqtt }: Gateway) => ['-h', mqtt.host, '-p', String(mqtt.port)];

export interface Published extends Ending {
  /** What mosquitto_pub said, with its debug lines. */
  readonly said: string;
  /** Whether the PUBACK came. */
  readonly acknowledged: boolean;
}

/** Publishes one message at QoS 1 and waits for mosquitto_pub to end, which is after the PUBACK. */
export async function publish(
  gateway: Gateway,
  lane: string,
  message: string | Uint8Array,
  options: { readonly topic?: string; readonly args?: readonly string[]; readonly purpose?: string } = {},
): Promise<Published> {
  const topic = options.topic ?? `pos/${STORE}/${lane}/records`;
  const who = identity(lane, options.purpose ?? 'pub');
  const args = [...address(gateway), ...who, '-d', '-q', '1', '-t', topic, '-s', ...(options.args ?? [])];
  const program = Program.start('mosquitto_pub', ['-V', 'mqttv311', ...args]);
  program.write(message);
  program.closeInput();
  const ending = await program.ended();
  const said = [...program.lines, ...program.errorLines].join('\n');
  return { ...ending, said, acknowledged: /received PUBACK/.test(said) };
}

/** Subscribes with mosquitto_sub and resolves once the subscription was granted; lines are `topic payload`. */
export async function subscribe(scene: Scene, gateway: Gateway, lane: string, topic: string): Promise<Program> {
  const args = [...address(gateway), ...identity(lane, 'sub'), '-V', 'mqttv311', '-d', '-q', '1', '-t', topic];
  // stdbuf (coreutils): to a pipe mosquitto_sub would print whole blocks instead of lines.
  const program = Program.start('stdbuf', ['-oL', 'mosquitto_sub', ...args, '-F', 'MESSAGE %r %t %p']);
  scene.onClose(() => program.stop('SIGKILL'));
  await program.line((line) => line.startsWith('Subscribed'), 'the subscription');
  return program;
}

/** Reads a lane's receipts with mosquitto_sub; resolves once it listens. */
export async function readReceipts(scene: Scene, gateway: Gateway, lane: string): Promise<ReceiptLog> {
  const receipts = new ReceiptLog();
  const program = await subscribe(scene, gateway, lane, `pos/${STORE}/${lane}/receipts`);
  program.onLine((line) => {
    const text = /^MESSAGE \d \S+ (.*)$/.exec(line)?.[1];
    const receipt = text === undefined ? null : parseReceipt(Buffer.from(text));
    if (receipt !== null) receipts.take(receipt);
  });
  return receipts;
}
