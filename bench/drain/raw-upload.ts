/** The drain's bytes as one upload over the same line: what the line gives at best. */
import { connect, createServer } from 'node:net';
import { Line } from '../line/line.ts';
import type { LineShape } from '../line/proxy.ts';

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
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = sink.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const line = await Line.open({ ...shape, targetPort: address.port });
  try {
    const startedAtMs = performance.now();
    await upload(line.port, bytes);
    return (performance.now() - startedAtMs) / 1000;
  } finally {
    await line.close();
    sink.close();
  }
}

function upload(port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
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
