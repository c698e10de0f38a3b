/** The README's examples as they stand there, run against a gateway: what somebody copies first must work. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { Gateway, ROOT } from '../harness/gateway.ts';
import { Program } from '../harness/program.ts';
import { missing, pahoPython } from '../harness/programs.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

/** The code block that follows `<!-- example:NAME -->`, with the gateway's real address in it. */
function example(name: string, gateway: Gateway): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const code = new RegExp(`<!-- example:${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\n\`\`\``).exec(readme)?.[1];
  if (code === undefined) throw new Error(`the README has no example "${name}"`);
  return code.replaceAll('1883', String(gateway.mqtt.port));
}

let scene: Scene;
let gateway: Gateway;
beforeEach(async () => {
  scene = new Scene();
  const pms = await PmsProcess.start(scene);
  gateway = await Gateway.start(scene, { pmsUrl: pms.url });
});
afterEach(() => scene.close());

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('with Mosquitto', () => {
  test('the examples for two terminals: one publishes, the other reads "accepted" and "synced"', async () => {
    // Line by line, with a word when it listens, and an end after two receipts; a person sees and does that alone.
    const readable = example('mosquitto_sub', gateway).replace(
      'mosquitto_sub',
      'exec stdbuf -oL mosquitto_sub -d -C 2',
    );
    const reader = Program.start('bash', ['-c', readable]);
    scene.onClose(() => reader.stop('SIGKILL'));
    await reader.line((line) => line.startsWith('Subscribed'), 'the subscription');
    const writer = Program.start('bash', ['-c', example('mosquitto_pub', gateway)]);
    scene.onClose(() => writer.stop('SIGKILL'));
    expect(await writer.ended()).toEqual({ code: 0, signal: null });
    expect(await reader.ended()).toEqual({ code: 0, signal: null });
    const receipts = reader.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Receipt);
    expect(receipts).toMatchObject([{ status: 'accepted' }, { status: 'synced' }]);
  });
});

describe.skipIf(missing('python3 with paho'))('with paho', () => {
  test('the example prints PUBACK, "accepted" and "synced", and ends', async () => {
    const python = Program.start(pahoPython ?? 'python3', ['-c', example('paho', gateway)]);
    scene.onClose(() => python.stop('SIGKILL'));
    expect(await python.ended()).toEqual({ code: 0, signal: null });
    expect(python.errorLines).toEqual([]);
    const words = python.lines.map((line) => line.split(' ')[0]);
    expect(words.toSorted()).toEqual(['accepted', 'acknowledged', 'synced']);
  });
});
