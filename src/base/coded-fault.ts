/** A failure at somebody else's server: a code of a closed list for people, and the other end's own word for the log. */
export class CodedFault<Code extends string> extends Error {
  readonly code: Code;
  /** For the log: without anything of a record or report. */
  readonly detail: string;

  constructor(message: string, code: Code, detail: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    // One line, cut short: a server may say anything.
    this.detail = detail.replaceAll(/\p{C}+/gu, ' ').slice(0, 200);
  }
}
