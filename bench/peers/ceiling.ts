/** Starts the ceiling: aedes alone, storing nothing. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from '../processes.ts';
import type { System } from './system.ts';

export const ceiling: System = {
  name: 'ceiling',
  recordsPerSecondLimit: 250_000,
  async version() {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies }: { dependencies: { aedes: string } } = JSON.parse(text);
    return `aedes ${dependencies.aedes}, Node.js ${process.versions.node}`;
  },
  async start(_directory, syncs) {
    const script = fileURLToPath(new URL('./ceiling-server.ts', import.meta.url));
    const server = await launch({ command: process.execPath, args: [script], env: syncs?.env ?? {} }, (line) =>
      line.includes('"ready"'),
    );
    const { port }: { port: number } = JSON.parse(server.readyLine);
    return {
      port,
      username: null,
      password: null,
      acknowledgement: 'puback',
      receipts: false,
      roots: [server.pid],
      readyMs: server.readyMs,
      countStored: async () => null,
      stop: server.stop,
    };
  },
};
