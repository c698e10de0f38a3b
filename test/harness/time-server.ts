/** A time server over real UDP that plays what the test says, and counts who asks. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Scene } from './scene.ts';

export interface Play {
  /** What its clock shows, UTC in ms. */
  readonly utcMs: () => number;
  readonly stratum?: number;
  /** 3 is the alarm: not synchronised. */
  readonly leap?: number;
  readonly rootDelayMs?: number;
  readonly rootDispersionMs?: number;
  /** Kiss-o'-death. */
  readonly kiss?: string;
  /** What is wrong with its packets; `origin`: echoes another timestamp than it was sent. */
  readonly wrong?: 'origin' | 'mode' | 'short' | 'no_time';
  readonly silent?: boolean;
}

export interface TimeServer {
  play: Play;
  /** `127.0.0.1:port`. */
  readonly name: string;
  readonly asked: Buffer[];
}

export async function timeServer(scene: Scene, play: Play): Promise<TimeServer> {
  const socket = createSocket('udp4');
  const asked: Buffer[] = [];
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  scene.onClose(() => socket.close());
  const server: TimeServer = { play, name: `127.0.0.1:${socket.address().port}`, asked };
  socket.on('message', (request, from) => {
    asked.push(request);
    if (server.play.silent === true) return;
    socket.send(ntpAnswer(request, server.play), from.port, from.address);
  });
  return server;
}

/** The answer of a server to a request. */
export function ntpAnswer(request: Buffer, play: Play): Buffer {
  const packet = Buffer.alloc(play.wrong === 'short' ? 40 : 48);
  if (play.wrong === 'short') return packet;
  packet.writeUInt8(((play.leap ?? 0) << 6) | (4 << 3) | (play.wrong === 'mode' ? 3 : 4), 0);
  packet.writeUInt8(play.kiss === undefined ? (play.stratum ?? 2) : 0, 1);
  packet.writeUInt32BE(Math.round(((play.rootDelayMs ?? 0) / 1000) * 2 ** 16), 4);
  packet.writeUInt32BE(Math.round(((play.rootDispersionMs ?? 0) / 1000) * 2 ** 16), 8);
  packet.write(play.kiss ?? 'TEST', 12, 'latin1');
  request.copy(packet, 24, 40, 48);
  if (play.wrong === 'origin') packet.writeUInt32BE(7, 24);
  if (play.wrong === 'no_time') return packet;
  writeTime(packet, 32, play.utcMs());
  writeTime(packet, 40, play.utcMs());
  return packet;
}

/** Seconds since 1900 modulo 2^32 and their fraction. */
function writeTime(packet: Buffer, at: number, utcMs: number): void {
  const seconds = Math.floor(utcMs / 1000) + 2_208_988_800;
  packet.writeUInt32BE(seconds % 2 ** 32, at);
  packet.writeUInt32BE(Math.floor(((utcMs / 1000) % 1) * 2 ** 32), at + 4);
}
