/** The parent's side of the line: starts its process, asks for its counts, ends it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromLine, ToLine } from './process.ts';
import type { LineCounts, LineOptions } from './proxy.ts';

export class Line {
  readonly #child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Opens a line to `options.targetPort`. @throws Error when its process ends before it listens. */
  static async open(options: LineOptions): Promise<Line> {
    const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const answer = await ask(child, { kind: 'start', options });
    if (answer.kind !== 'started') throw new Error('the line answered something else');
    return new Line(child, answer.port);
  }

  counts(): Promise<LineCounts> {
    return this.#counted({ kind: 'counts' });
  }

  /** Begins to count anew. */
  async reset(): Promise<void> {
    await this.#counted({ kind: 'reset' });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.disconnect();
    await gone;
  }

  async #counted(message: ToLine): Promise<LineCounts> {
    const answer = await ask(this.#child, message);
    if (answer.kind !== 'counted') throw new Error('the line answered something else');
    return answer.counts;
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
