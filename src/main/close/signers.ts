/** Who signs the closing of a gateway: people of the roster with their own key, or named users with their password. */
import { randomUUID } from 'node:crypto';
import { systemClock, toUtcText } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { type CloseStatement, closeStatementText } from '../../control/review/close-statement.ts';
import { proveSignature, refused, rosterOrRefuse } from '../../control/review/signer.ts';
import type { People } from '../../people/people.ts';
import type { Roster } from '../../record/roster.ts';
import { signerOf } from '../commands/epoch.ts';
import type { Person } from '../commands/person.ts';
import { openSigningKey, signText, textToSign } from '../commands/signing.ts';
import { rosterWithUsers } from '../named-roster.ts';
import { makePeople, userSigner } from '../people.ts';
import { readRosterFile } from '../read-roster.ts';
import type { SignedClosing } from './state.ts';

/** One signer as the command line names them; all optional members absent: nobody. */
export interface SignerFlags {
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly code?: string | undefined;
  readonly key?: string | undefined;
  readonly kid?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

type Subject = Pick<CloseStatement, 'gateway_id' | 'epoch' | 'records' | 'open' | 'reason' | 'meaning'>;

/** The roster and users of a gateway that does not run. */
export class ClosingSigners {
  readonly #people: People;
  readonly #roster: Roster;

  private constructor(people: People, roster: Roster) {
    this.#people = people;
    this.#roster = roster;
  }

  /** @throws CounterfoilError `review_refused` when there is neither roster nor user. */
  static open(config: Config): ClosingSigners {
    const people = makePeople(config, async () => {}, silentLog);
    people.start();
    const { rosterFile } = config.scheduleTwo;
    const roster = rosterFile === null ? null : readRosterFile(rosterFile).roster;
    return new ClosingSigners(people, rosterOrRefuse(rosterWithUsers(roster, people.users)));
  }

  get isNamed(): boolean {
    return this.#people.isNamed;
  }

  /** The name that is printed for them. @throws CounterfoilError `usage`, `review_refused`. */
  nameOf(flags: SignerFlags): string {
    if (flags.user !== undefined) {
      const name = userSigner(this.#people).printedName(flags.user);
      if (name !== null) return name;
      throw refused(`there is no user ${flags.user}`, '"counterfoil user list" shows who there is.');
    }
    if (flags.kid !== undefined && flags.key !== undefined) return signerOf(this.#roster, flags.kid);
    const hint = 'Write --user NAME for a named user, or --key FILE and --kid NAME for a key of the roster.';
    throw new CounterfoilError('usage', 'who signs?', hint);
  }

  /** Signs, and proves the signature as the gateway would. @throws CounterfoilError `usage`, `review_refused`. */
  async sign(flags: SignerFlags, subject: Subject, person: Person): Promise<SignedClosing> {
    const printedName = this.nameOf(flags);
    const statement: CloseStatement = {
      ...subject,
      act_id: randomUUID(),
      step: 'close',
      printed_name: printedName,
      signed_at_utc: toUtcText(systemClock.utcMs()),
    };
    const text = textToSign(() => closeStatementText(statement));
    const signature =
      flags.user === undefined
        ? await byKey(flags, text, person)
        : await this.#byUser({ ...flags, user: flags.user }, text, person);
    const time = { nowMs: systemClock.utcMs(), clock: 'unknown' } as const;
    const signed = { statement: text, signature };
    const { keyId, signedAtMs } = proveSignature(signed, statement, ['reviewer'], this.#roster, time);
    return { printed_name: printedName, key_id: keyId, signed_ms: signedAtMs, ...signed };
  }

  async close(): Promise<void> {
    await this.#people.stop();
  }

  async #byUser(flags: SignerFlags & { readonly user: string }, text: string, person: Person): Promise<string> {
    const password =
      flags.passwordFile === undefined
        ? await person.secret(`Password of ${flags.user}: `)
        : readSecretFile(flags.passwordFile);
    const code =
      flags.code ?? (person.isThere ? await person.secret('Code of the authenticator (empty without one): ') : null);
    const credentials = { user: flags.user, password, code: code === '' ? null : code };
    const answer = await userSigner(this.#people).sign(credentials, 'console', text);
    if (answer.ok) return answer.signature;
    throw refused(`${flags.user} could not prove who they are (${answer.fault})`, 'Check password and code.');
  }
}

async function byKey({ key, kid, passphraseFile }: SignerFlags, text: string, person: Person): Promise<string> {
  const opened = await openSigningKey(
    { key: key ?? '', ...(passphraseFile === undefined ? {} : { passphraseFile }) },
    person,
  );
  return signText(text, opened, kid ?? '');
}
