/**
 * A gateway of fifty lines, to try the harness itself on: the same promise (PUBACK after a commit with synchronous=FULL)
 * and, on order, three ways to break it. A harness that does not find these proves nothing about the real gateway.
 *
 * Usage: node stand-in.ts DATA_DIR [--plant PLANT], see stand-in-store.ts
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { laneHashOf } from '../checker/canonical.ts';
import { acknowledgement, PacketReader, packet, TYPE } from '../mqtt-wire.ts';
import { openStandIn, type StandInPlant } from './stand-in-store.ts';

const [dataDir = '', , plant = 'none'] = process.argv.slice(2);
const PUBACK = 0x40;

const db = openStandIn(dataDir, plant as StandInPlant);
const insert = db.prepare('INSERT OR IGNORE INTO record (lane_hash, bytes) VALUES (?, ?)');

interface Waiting {
  readonly socket: Socket;
  readonly id: number;
  readonly payload: Buffer;
}
let group: Waiting[] = [];

function acknowledge(waiting: readonly Waiting[]): void {
  for (const { socket, id } of waiting) socket.write(acknowledgement(PUBACK, id));
}

function commit(): void {
  const waiting = group;
  group = [];
  if (plant === 'early') acknowledge(waiting);
  try {
    db.transaction(() => {
      for (const { payload } of waiting) insert.run(laneHashOf(JSON.parse(payload.toString()) as object), payload);
    })();
  } catch (error) {
    process.stderr.write(`stand-in: ${String(error)}\n`);
    process.exit(74);
  }
  if (plant !== 'early') acknowledge(waiting);
}

const server = createServer((socket) => {
  const reader = new PacketReader();
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (const { type, body } of reader.push(chunk)) {
      if (type === TYPE.connect) socket.write(packet(0x20, Buffer.from([0, 0])));
      if (type === TYPE.subscribe) socket.write(packet(0x90, body.subarray(0, 2), Buffer.from([0])));
      if (type !== TYPE.publish) continue;
      const topicEnd = 2 + body.readUInt16BE(0);
      if (group.length === 0) setImmediate(commit);
      group.push({ socket, id: body.readUInt16BE(topicEnd), payload: body.subarray(topicEnd + 2) });
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'ready', mqtt: [`mqtt://127.0.0.1:${port}`] })}\n`);
});
process.on('SIGTERM', () => {
  db.close();
  process.exit(0);
});
