/** The parent's side of the modelled line: starts its process, asks for its counts, ends it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Line, LineEnd } from './line.ts';
import type { FromLine, ToLine } from './process.ts';
import type { LineCounts, LineShape } from './shape.ts';

const HOST = '127.0.0.1';

export class ModelLine implements Line {
  readonly serverHost = HOST;
  readonly #shape: LineShape;
  #child: ChildProcess | null = null;

  constructor(shape: LineShape) {
    this.#shape = shape;
  }

  async connect(targetPort: number): Promise<LineEnd> {
    const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    const answer = await ask(child, { kind: 'start', options: { ...this.#shape, targetPort } });
    if (answer.kind !== 'started') throw new Error('the line answered something else');
    return { host: HOST, port: answer.port };
  }

  async counts(): Promise<LineCounts> {
    if (this.#child === null) throw new Error('nothing is connected to the line');
    const answer = await ask(this.#child, { kind: 'counts' });
    if (answer.kind !== 'counted') throw new Error('the line answered something else');
    return answer.counts;
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.disconnect();
    await gone;
  }
}

/** One question at a time: the line answers in order and its answers carry no number. */
function ask(child: ChildProcess, message: ToLine): Promise<FromLine> {
  return new Promise((resolve, reject) => {
    const onExit = () => {
      child.off('message', onMessage);
      reject(new Error('the line ended early'));
    };
    const onMessage = (answer: FromLine) => {
      child.off('exit', onExit);
      resolve(answer);
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
    child.send(message);
  });
}
