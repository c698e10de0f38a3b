/**
 * First verification as this gateway does it: the roster in force, and what follows when a Schedule II record is not
 * signed as the store asks. The roster is read at the start and again when somebody says so (SIGHUP), never by itself: a
 * file that is half written must not decide who may sign. A roster that cannot be used never replaces one that can.
 */
import type { Clock } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RosterFacts } from '../health/sources.ts';
import type { Roster } from '../record/roster.ts';
import type { RosterKey } from '../record/roster-entry.ts';
import { judgeSignatures, type SignedRecord, signersOf } from '../record/signatures.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { Flag } from '../record/types.ts';
import { type RosterFile, readRosterFile } from './read-roster.ts';

type Settings = Config['scheduleTwo'];

export interface FirstVerificationParts {
  readonly clock: Clock;
  readonly log: Log;
}

export class FirstVerification {
  readonly #settings: Settings;
  readonly #parts: FirstVerificationParts;
  #inForce: RosterFile | null = null;
  #broken = false;

  constructor(settings: Settings, parts: FirstVerificationParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Reads the roster at the start. Throws as `readRosterFile` where signatures are required; where they are optional, a
   * box whose roster is broken goes on capturing: every signature is then flagged, and health says why.
   */
  start(): void {
    const { signature, secondSigner } = this.#settings;
    try {
      this.#read();
    } catch (error) {
      if (signature === 'required' || secondSigner === 'required') throw error;
      this.#complain(error, 'the roster cannot be used: no signature can be verified until it is mended');
    }
  }

  /** Reads the roster again; true when the file is in force now. The one before stays in force when it is broken. */
  reload(): boolean {
    try {
      this.#read();
      this.#parts.log.info('the roster was read again', { count: this.#inForce?.roster.people.length ?? 0 });
      return true;
    } catch (error) {
      this.#complain(error, 'the roster cannot be used: the one before it stays in force');
      return false;
    }
  }

  /** Body of the trail entry that says by which roster is judged from here on; null without one. */
  entry(): TrailBodyOf<'roster'> | null {
    if (this.#inForce === null) return null;
    const { roster, hash } = this.#inForce;
    const { signature, secondSigner } = this.#settings;
    const keys = roster.people.reduce((sum, person) => sum + person.keys.length, 0);
    return {
      hash: hash.toString('base64'),
      keys,
      people: roster.people.length,
      second_signer: secondSigner,
      signature,
    };
  }

  /** What the intake stage asks for each record and each verdict. */
  readonly policy = {
    judge: (record: SignedRecord) =>
      judgeSignatures(record, this.#inForce?.roster ?? null, this.#settings.secondSigner === 'required'),
    holds: (flags: readonly Flag[]) => this.#holds(flags),
  };

  /** The roster in force; null without one. */
  get roster(): Roster | null {
    return this.#inForce?.roster ?? null;
  }

  /** Who has signed a stored record, by the roster in force. */
  signersOf(payload: Buffer): readonly string[] {
    return signersOf(payload, this.#inForce?.roster ?? null);
  }

  /** Null where the configuration names no roster. */
  facts(): RosterFacts | null {
    if (this.#settings.rosterFile === null) return null;
    const nowMs = this.#parts.clock.utcMs();
    const ends = this.#inForce === null ? [] : endsOfPharmacists(this.#inForce.roster, nowMs);
    const firstEndsInMs = ends.length === 0 ? null : Math.min(...ends) - nowMs;
    return { broken: this.#broken, signersNow: ends.length, firstEndsInMs };
  }

  #holds(flags: readonly Flag[]): boolean {
    const { signature, secondSigner } = this.#settings;
    const unsigned = flags.includes('signature_missing') || flags.includes('signature_invalid');
    return (
      (signature === 'required' && unsigned) ||
      (secondSigner === 'required' && flags.includes('second_signature_missing'))
    );
  }

  #read(): void {
    const { rosterFile } = this.#settings;
    if (rosterFile !== null) this.#inForce = readRosterFile(rosterFile);
    this.#broken = false;
  }

  #complain(error: unknown, what: string): void {
    this.#broken = true;
    const hint = error instanceof CounterfoilError ? error.hint : '';
    this.#parts.log.error(what, { error: messageOf(error), hint });
  }
}

/** For each pharmacist who can sign now, when the last key that follows without a gap ends. */
function endsOfPharmacists({ people }: Roster, nowMs: number): number[] {
  return people.flatMap(({ roles, keys }) => {
    const end = roles.includes('pharmacist') ? coveredUntil(keys, nowMs) : nowMs;
    return end > nowMs ? [end] : [];
  });
}

function coveredUntil(keys: readonly RosterKey[], fromMs: number): number {
  let end = fromMs;
  for (const key of keys.toSorted((a, b) => a.validFromMs - b.validFromMs)) {
    const keyEnd = Math.min(key.validUntilMs, key.revokedAtMs ?? key.validUntilMs);
    if (key.validFromMs <= end && keyEnd > end) end = keyEnd;
  }
  return end;
}
