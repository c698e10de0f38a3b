/** The bearer token in memory, and when to read it again. */

import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** What a header may carry: RFC 6750 section 2.1 allows no more. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

export class Token {
  readonly #read: () => string | null;
  readonly #log: Log;
  #value: string | null = null;

  constructor(read: () => string | null, log: Log) {
    this.#read = read;
    this.#log = log;
  }

  /**
   * Reads the token and says whether it is another one now. An unreadable token is no reason not to start (records must be
   * taken whatever else breaks): the PMS answers 401 then, and that is the alarm.
   */
  reload(): boolean {
    const before = this.#value;
    try {
      this.#value = checked(this.#read());
    } catch (error) {
      this.#log.error('the token for the PMS cannot be read', { error: messageOf(error) });
    }
    return this.#value !== before;
  }

  header(): Readonly<Record<string, string>> {
    return this.#value === null ? {} : { authorization: `Bearer ${this.#value}` };
  }
}

function checked(token: string | null): string | null {
  const trimmed = token?.trim() ?? null;
  if (trimmed !== null && !B64TOKEN.test(trimmed)) throw new Error('it holds characters that no bearer token has');
  return trimmed;
}
