/** The person at the terminal, if there is one: is told things and asked things, never by way of standard output. */
import { createInterface } from 'node:readline';

export interface Person {
  /** Whether somebody can be asked. */
  readonly isThere: boolean;
  tell(text: string): void;
  /** Asks for yes or no; anything but "y" or "yes" is no. */
  confirm(question: string): Promise<boolean>;
  /** Asks for a line that is not shown. */
  secret(question: string): Promise<string>;
}

/** A person who is asked for more than yes and secrets. */
export interface AnsweringPerson extends Person {
  /** Asks for a line; null when the person has had enough (Ctrl-C, end of input). */
  line(question: string): Promise<string | null>;
}

export const terminalPerson: AnsweringPerson = {
  get isThere() {
    return process.stdin.isTTY && process.stderr.isTTY;
  },
  tell(text) {
    process.stderr.write(text);
  },
  async confirm(question) {
    const answer = await ask(question, true);
    return /^(y|yes)$/i.test(answer?.trim() ?? '');
  },
  secret: async (question) => (await ask(question, false)) ?? '',
  line: (question) => ask(question, true),
};

/**
 * readline writes what is typed; for a secret its output goes nowhere. It puts the terminal into raw mode, and only then
 * the question is shown: what is typed at once must not be echoed by the terminal itself.
 */
function ask(question: string, shown: boolean): Promise<string | null> {
  const lines = createInterface({
    input: process.stdin,
    ...(shown ? { output: process.stderr } : {}),
    terminal: true,
    historySize: 0,
  });
  if (shown) {
    lines.setPrompt(question);
    lines.prompt();
  } else process.stderr.write(question);
  return new Promise((resolve) => {
    let answer: string | null = null;
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      if (!shown) process.stderr.write('\n');
      resolve(answer);
    });
  });
}
