/**
 * The key by which the PMS cosigns checkpoints: configured, or pinned when it is first seen. `pms-witness.vkey` in the data
 * directory holds the one in force; each change of it is a trail entry `witness_key`, written before the file. If the power
 * goes between the two, the key is seen and written down once more.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../base/durable.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import { KEY_TYPE, parseVerifierKey } from '../tlog/verifier-key.ts';

const FILE = 'pms-witness.vkey';

/** Of an entry `witness_key`. */
export type WitnessKeyBody = TrailBodyOf<'witness_key'>;

export interface WitnessKeyParts {
  readonly dataDir: string;
  /** `pms.witness_key`. */
  readonly configured: string | null;
  /** Writes an entry `witness_key`. */
  note(body: WitnessKeyBody): Promise<unknown>;
  readonly log: Log;
}

export class WitnessKey {
  readonly #parts: WitnessKeyParts;
  #key: string | null;

  private constructor(parts: WitnessKeyParts, key: string | null) {
    this.#parts = parts;
    this.#key = key;
  }

  /** Throws `config_invalid` for a configured key that is none. */
  static async open(parts: WitnessKeyParts): Promise<WitnessKey> {
    const { configured } = parts;
    const known = readKey(parts);
    if (configured !== null && !isCosigner(configured)) {
      const hint = 'write the verifier key as the operator of the PMS gives it (pms serve prints it as witness_key)';
      throw new CounterfoilError('config_invalid', 'pms.witness_key is no key of a cosigner', hint);
    }
    const witnessKey = new WitnessKey(parts, known);
    if (configured !== null && configured !== known) await witnessKey.#keep({ how: 'configured', key: configured });
    return witnessKey;
  }

  /** Null before the first cosignature. */
  pinned(): string | null {
    return this.#key;
  }

  /** The first one seen. Rejects when it could not be written down; then it is not pinned. */
  async pin(key: string): Promise<void> {
    if (this.#key !== null) return;
    await this.#keep({ how: 'first_seen', key });
    this.#parts.log.info('the PMS cosigns the trail; its key is pinned from here on');
  }

  async #keep(body: WitnessKeyBody): Promise<void> {
    await this.#parts.note(body);
    replaceDurably(join(this.#parts.dataDir, FILE), `${body.key}\n`);
    this.#key = body.key;
  }
}

function isCosigner(text: string): boolean {
  const reading = parseVerifierKey(text);
  return reading.ok && reading.key.type === KEY_TYPE.cosignature;
}

/** A file that cannot be used is as none: the next key seen is pinned, and the trail tells so. */
function readKey({ dataDir, log }: WitnessKeyParts): string | null {
  try {
    const text = readFileSync(join(dataDir, FILE), 'utf8').trimEnd();
    if (isCosigner(text)) return text;
    log.error(`${FILE} holds no key of a cosigner; the next one seen is pinned`);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isAbsent) log.error(`${FILE} cannot be read`, { error: messageOf(error) });
  }
  return null;
}
