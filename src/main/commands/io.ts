/** What a command meets of the world; tests hand in their own. */
export interface CommandIo {
  readonly env: NodeJS.ProcessEnv;
  /** Standard output. */
  write(text: string): void;
  /** Ends the program with this code once the command is done. */
  exitWith(code: number): void;
}

export const processIo: CommandIo = {
  env: process.env,
  write(text) {
    process.stdout.write(text);
  },
  exitWith(code) {
    process.exitCode = code;
  },
};
