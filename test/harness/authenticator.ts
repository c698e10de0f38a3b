/** A person's authenticator app: the codes of a TOTP secret, each used once. */
import { hotp, stepAt } from '../../src/people/totp.ts';

export class Authenticator {
  readonly #secret: Buffer;
  #used = 0;

  /** `secret` as the command line shows it, base32. */
  constructor(secret: string) {
    this.#secret = fromBase32(secret);
  }

  /**
   * A code that has not been given yet: of now, or else of the half minute to come, which a gateway takes too. So two are to
   * be had at any time; a third takes somebody who waits.
   */
  code(): string {
    const now = stepAt(Date.now());
    const step = Math.max(now, this.#used + 1);
    if (step > now + 1) throw new Error('the authenticator has no further code yet');
    this.#used = step;
    return hotp(this.#secret, step);
  }
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
