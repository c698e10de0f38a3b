/** The drain's bytes as one upload over the same line: what the line gives at best. */
import { connect, createServer } from 'node:net';
import { type LineEnd, openLine } from '../line/line.ts';
import type { LineShape } from '../line/shape.ts';

const CHUNK = Buffer.alloc(64 * 1024, 0x5a);

/** Seconds from the start of the connection until the receiver's word that all `bytes` have come. */
export async function measureRawUpload(shape: LineShape, bytes: number): Promise<number> {
  const sink = createServer((socket) => {
    let missing = bytes;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      missing -= chunk.length;
      if (missing <= 0) socket.end('.');
    });
  });
  const line = await openLine(shape);
  await new Promise<void>((resolve) => sink.listen(0, line.serverHost, resolve));
  const address = sink.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    const end = await line.connect(address.port);
    const startedAtMs = performance.now();
    await upload(end, bytes);
    return (performance.now() - startedAtMs) / 1000;
  } finally {
    await line.close();
    sink.close();
  }
}

function upload({ host, port }: LineEnd, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let left = bytes;
    const write = () => {
      while (left > 0) {
        const chunk = CHUNK.subarray(0, left);
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('drain', write);
    socket.once('connect', write);
    socket.once('error', reject);
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
  });
}
