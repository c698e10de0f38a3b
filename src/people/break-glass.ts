/** The emergency code in its sealed envelope (HIPAA 164.312(a)(2)(ii)): good once, then health says so until it is sealed anew. */
import { type Clock, toUtcText } from '../base/clock.ts';
import type { LogInRefused } from './api.ts';
import { plainCode } from './changes.ts';
import type { Checker } from './checker.ts';
import { isVerified, NOBODYS_PASSWORD, type PasswordDesk } from './password.ts';
import type { PeopleFile } from './schema.ts';

export interface BreakGlassParts {
  readonly clock: Clock;
  readonly desk: PasswordDesk;
  readonly checker: Checker;
}

export class BreakGlass {
  readonly #parts: BreakGlassParts;

  constructor(parts: BreakGlassParts) {
    this.#parts = parts;
  }

  /** The file with the code used, or why not. `read` gives the file as it stands when the answer is known. */
  async check(
    read: () => PeopleFile,
    code: string,
    address: string,
  ): Promise<{ readonly ok: true; readonly people: PeopleFile } | LogInRefused> {
    const { clock, desk, checker } = this.#parts;
    const { memory_kib, passes } = NOBODYS_PASSWORD;
    const isWhole = () => read().break_glass?.used_at_utc === null;
    const refusal = await checker.guard(address, async () => {
      const sealed = read().break_glass;
      const salt = sealed?.salt ?? NOBODYS_PASSWORD.salt;
      const keys = await desk.derive(plainCode(code.slice(0, 64)), { memory_kib, passes, salt });
      // Asked again: another may have used it while this was being derived.
      return sealed !== null && sealed === read().break_glass && isWhole() && isVerified(keys, sealed);
    });
    const people = read();
    if (refusal !== null || people.break_glass === null) {
      return refusal ?? { ok: false, fault: 'unavailable', retryAfterSeconds: 0 };
    }
    const used_at_utc = toUtcText(clock.utcMs());
    return { ok: true, people: { ...people, break_glass: { ...people.break_glass, used_at_utc } } };
  }
}
