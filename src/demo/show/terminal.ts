/**
 * The terminal while the live show is on: alternate screen, keys one by one. `close` gives it back as it was, and it is
 * also closed when the process ends in any way that lets it say goodbye.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { type Line, paint } from './ink.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const COLUMNS = 80;
const ROWS = 24;
const CTRL_C = '\u0003';

export interface TerminalOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly hasColour: boolean;
  /** One key; Ctrl-C comes as `ctrl-c`. */
  readonly onKey: (key: string) => void;
}

export class Terminal {
  readonly #options: TerminalOptions;
  #isOpen = false;
  readonly #close = () => this.close();
  readonly #read = (text: string) => {
    for (const key of text) this.#options.onKey(key === CTRL_C ? 'ctrl-c' : key.toLowerCase());
  };

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  open(): void {
    const { input, output } = this.#options;
    this.#isOpen = true;
    process.on('exit', this.#close);
    output.write(ENTER);
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', this.#read);
    input.resume();
  }

  /** Shows these lines from the top, as many and as much of each as fit. */
  draw(lines: readonly Line[]): void {
    if (!this.#isOpen) return;
    const { output, hasColour } = this.#options;
    // A terminal that does not know its size says 0.
    const { columns, rows } = { columns: output.columns || COLUMNS, rows: output.rows || ROWS };
    const shown = lines.slice(0, rows).map((line) => paint(line, columns, hasColour) + CLEAR_LINE);
    output.write(HOME + shown.join('\r\n') + CLEAR_BELOW);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output } = this.#options;
    process.off('exit', this.#close);
    input.off('data', this.#read);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }
}
