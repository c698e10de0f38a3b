/**
 * The published loop over the same line: one POST for each record. Its PMS is the most favourable one there could be: it
 * answers `200` with two words at once and stores nothing, so all the loop pays for is the line and its own Python.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLine } from '../line/line.ts';
import type { LineShape } from '../line/shape.ts';
import { outputOf } from '../processes.ts';
import { type SalesOptions, sales } from '../store/records.ts';
import type { Measured } from './model.ts';

/** Debian's interpreter: the one every Debian box has. */
const PYTHON = '/usr/bin/python3';

/** Runs the loop over the first `records` of the same sales. */
export async function measureLoop(
  directory: string,
  shape: LineShape,
  options: SalesOptions,
  records: number,
): Promise<Measured> {
  const file = join(directory, 'loop-records');
  const lines = [...sales(options).take(records)].map(({ bytes }) => bytes.toString());
  writeFileSync(file, lines.join('\n'), { mode: 0o600 });
  const line = await openLine(shape);
  const server = await serve(line.serverHost);
  try {
    const { host, port } = await line.connect(portOf(server));
    const script = fileURLToPath(new URL('./loop.py', import.meta.url));
    const seconds = Number(await outputOf(PYTHON, [script, host, String(port), file]));
    const { upBytes, downBytes } = await line.counts();
    return { records: lines.length, seconds, upBytes, downBytes };
  } finally {
    await line.close();
    server.closeAllConnections();
    server.close();
  }
}

async function serve(host: string): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"accepted"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
