/** A program at a real terminal: a pseudo-terminal made by script(1), which every Debian has. What is typed follows what is on the screen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { LIMIT_MS } from './program.ts';
import type { Scene } from './scene.ts';

export class Terminal {
  readonly #child: ChildProcess;
  readonly #ending: Promise<number | null>;
  #screen = '';
  #seen = 0;
  #look: () => void = () => {};

  private constructor(command: string, folder: string) {
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: folder });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString();
      this.#look();
    });
    this.#ending = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  /** Starts a shell command in `folder`; it ends with the scene. */
  static start(scene: Scene, folder: string, command: string): Terminal {
    const terminal = new Terminal(command, folder);
    scene.onClose(() => terminal.#child.kill('SIGKILL'));
    return terminal;
  }

  /** Everything that was shown so far. */
  get screen(): string {
    return this.#screen;
  }

  /** Waits until `question` is shown after what was answered before, and types `answer` and Enter. */
  async answer(question: string, answer: string): Promise<void> {
    await this.shows(question);
    this.#child.stdin?.write(`${answer}\r`);
  }

  /** Waits until `text` is shown after what was waited for before. */
  async shows(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const limit = setTimeout(() => reject(new Error(`"${text}" did not come; the screen:\n${this.#screen}`)), LIMIT_MS);
    this.#look = () => {
      const at = this.#screen.indexOf(text, this.#seen);
      if (at < 0) return;
      this.#seen = at + text.length;
      resolve();
    };
    this.#look();
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.#look = () => {};
    }
  }

  /** The exit code, waited for. */
  async ended(): Promise<number | null> {
    return await this.#ending;
  }
}
