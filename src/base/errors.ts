/**
 * One error type for everything an operator may have to read. Code that must branch asks for `code`; the person in
 * front of the box reads `message` (what is wrong) and `hint` (what to do next).
 */

/** Exit codes of the command line, after BSD sysexits(3). */
export const EXIT = { ok: 0, failure: 1, usage: 2, pmsUnavailable: 69, io: 74, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type ErrorCode =
  | 'usage'
  | 'config_invalid'
  | 'config_unreadable'
  | 'runtime_unfit'
  | 'buffer_damaged'
  | 'buffer_newer'
  | 'buffer_locked'
  | 'buffer_unfit'
  | 'gateway_closed'
  | 'key_missing'
  | 'storage_full'
  | 'storage_busy'
  | 'storage_io'
  | 'address_in_use'
  | 'pms_unavailable'
  | 'gateway_unreachable'
  | 'review_refused'
  | 'review_stale'
  | 'trail_unfit'
  | 'signer_damaged'
  | 'sealer_unreachable'
  | 'checkpoint_refused'
  | 'trail_damaged'
  | 'backup_damaged'
  | 'backup_key_wrong'
  | 'mirror_foreign'
  | 'mirror_missing'
  | 'people_unusable'
  | 'lanes_unusable'
  | 'enrolment_refused'
  | 'access_refused'
  | 'access_busy'
  | 'internal';

const EXIT_OF: Record<ErrorCode, ExitCode> = {
  usage: EXIT.usage,
  config_invalid: EXIT.config,
  config_unreadable: EXIT.config,
  runtime_unfit: EXIT.config,
  buffer_damaged: EXIT.config,
  buffer_newer: EXIT.config,
  buffer_locked: EXIT.config,
  buffer_unfit: EXIT.config,
  gateway_closed: EXIT.config,
  key_missing: EXIT.config,
  storage_full: EXIT.io,
  storage_busy: EXIT.io,
  storage_io: EXIT.io,
  address_in_use: EXIT.config,
  pms_unavailable: EXIT.pmsUnavailable,
  gateway_unreachable: EXIT.failure,
  review_refused: EXIT.failure,
  review_stale: EXIT.failure,
  trail_unfit: EXIT.config,
  signer_damaged: EXIT.config,
  sealer_unreachable: EXIT.failure,
  checkpoint_refused: EXIT.failure,
  trail_damaged: EXIT.failure,
  backup_damaged: EXIT.failure,
  backup_key_wrong: EXIT.failure,
  mirror_foreign: EXIT.failure,
  mirror_missing: EXIT.failure,
  people_unusable: EXIT.config,
  lanes_unusable: EXIT.config,
  enrolment_refused: EXIT.failure,
  access_refused: EXIT.failure,
  access_busy: EXIT.failure,
  internal: EXIT.failure,
};

/** Whether a text that came from another process is one of our codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_OF, text);
}

/** An error with a code for programs and a hint for people. Never put record data into either text (promise 7). */
export class CounterfoilError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CounterfoilError';
    this.code = code;
    this.hint = hint;
  }

  /** The process exit code this error ends the program with. */
  get exitCode(): ExitCode {
    return EXIT_OF[this.code];
  }
}

/** The text of anything thrown, for a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
