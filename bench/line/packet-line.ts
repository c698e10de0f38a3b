/** A line of packets: starts packet-line.py, which has the details, and asks it for its counts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Line, LineEnd } from './line.ts';
import { type LineCounts, type LineShape, QUEUE_MS } from './shape.ts';

/** Debian's interpreter: the one every Debian box has. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('./packet-line.py', import.meta.url));

export class PacketLine implements Line {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #network: string;
  readonly serverHost: string;

  private constructor(child: ChildProcess, lines: Interface, network: string) {
    this.#child = child;
    this.#lines = lines;
    this.#network = network;
    this.serverHost = `${network}.1`;
  }

  /** @throws Error when the device cannot be made; the script has said why on standard error. */
  static async open(shape: LineShape, congestion: string): Promise<PacketLine> {
    // One of the networks that RFC 2544 keeps for measurements.
    const network = `198.18.${randomInt(256)}`;
    const { roundTripMs, upBitsPerSecond, downBitsPerSecond } = shape;
    const numbers = [roundTripMs / 2, upBitsPerSecond, downBitsPerSecond, QUEUE_MS].map(String);
    const child = spawn(PYTHON, [SCRIPT, network, congestion, ...numbers], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const line = new PacketLine(child, lines, network);
    await line.#answer();
    return line;
  }

  async connect(targetPort: number): Promise<LineEnd> {
    return { host: `${this.#network}.2`, port: targetPort };
  }

  async counts(): Promise<LineCounts> {
    const answered = this.#answer();
    this.#child.stdin?.write('counts\n');
    return JSON.parse(await answered) as LineCounts;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stdin?.end();
    await gone;
  }

  /** The next line it prints. */
  #answer(): Promise<string> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the line of packets ended; it needs root, ip and /dev/net/tun'));
      this.#child.once('exit', onExit);
      this.#lines.once('line', (text) => {
        this.#child.off('exit', onExit);
        resolve(text);
      });
    });
  }
}
