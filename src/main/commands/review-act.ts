/**
 * A signed act from the command line: show what it is about, let the person confirm, sign exactly that, hand it to the
 * gateway. What changes between the look and the act makes the gateway refuse it as stale, all of it.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { WaitingState } from '../../buffer/api.ts';
import { callGateway } from '../../control/client.ts';
import { type Statement, statementText } from '../../control/review/statement.ts';
import {
  actResult,
  MAX_SUBJECTS,
  type Step,
  signerResult,
  userActResult,
  type WireItem,
  type WireOutcome,
} from '../../control/review/words.ts';
import { checkRecord } from '../../record/check.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';
import { fetchItems, fetchNamed, type ItemName, itemTable, nameOf } from './review-items.ts';
import { confirmAct, openSigningKey, type SigningFlags, signText, textToSign } from './signing.ts';

export interface ActFlags extends Partial<Pick<SigningFlags, 'key' | 'kid' | 'passphraseFile'>> {
  readonly meaning: string;
  /** A named user signs with password and code instead of a key. */
  readonly user?: string;
  readonly passwordFile?: string;
  readonly code?: string;
  readonly all?: true;
  readonly state?: readonly WaitingState[];
  readonly yes?: true;
  readonly json?: true;
  /** `resolve` only: file with the corrected record. */
  readonly record?: string;
}

interface Correction {
  readonly bytes: Buffer;
  readonly hash: string;
}

const DONE: Readonly<Record<Step, string>> = { release: 'released', dismiss: 'dismissed', resolve: 'resolved' };

/** Does one act on the named items, or on all in the states of the flags. Throws `usage` and what the gateway answers. */
export async function act(
  step: Step,
  names: readonly ItemName[],
  flags: ActFlags,
  dataDir: string,
  io: CommandIo,
  person: Person,
): Promise<void> {
  const correction = flags.record === undefined ? null : readCorrection(flags.record);
  const items = await chosen(names, flags, dataDir, person);
  if (items.length === 0) {
    io.write(flags.json === true ? `${JSON.stringify({ step, items: [] })}\n` : 'nothing waits in these states\n');
    return;
  }
  if (flags.user !== undefined) {
    const outcome = await actAsUser({ step, items, flags, user: flags.user, correction, dataDir, person });
    const { act_id: actId } = outcome;
    io.write(flags.json === true ? `${JSON.stringify({ step, ...outcome })}\n` : inWords(actId, step, items, outcome));
    return;
  }
  const { key: keyFile, kid } = flags;
  if (keyFile === undefined || kid === undefined) {
    const hint = 'Write --user NAME for a named user, or --key FILE and --kid NAME for a key of the roster.';
    throw new CounterfoilError('usage', 'who signs?', hint);
  }
  const signer = await callGateway(dataDir, 'review.signer', { kid }, signerResult);
  person.tell(`${itemTable(items)}\n${summary(step, items, flags, `${signer.printed_name} (key ${kid})`, correction)}`);
  await confirmAct(flags, person);
  const { passphraseFile } = flags;
  const key = await openSigningKey(
    { key: keyFile, ...(passphraseFile === undefined ? {} : { passphraseFile }) },
    person,
  );
  const statement: Statement = {
    act_id: randomUUID(),
    ...signer,
    step,
    meaning: flags.meaning,
    signed_at_utc: toUtcText(systemClock.utcMs()),
    subjects: items.map(({ of, number, state, hash }) => ({ of, number, state, hash })),
    ...(correction === null ? {} : { correction_hash: correction.hash }),
  };
  const text = textToSign(() => statementText(statement));
  const params = {
    statement: text,
    signature: signText(text, key, kid),
    correction_base64: correction?.bytes.toString('base64') ?? null,
  };
  const outcome = await callGateway(dataDir, 'review.act', params, actResult);
  io.write(
    flags.json === true
      ? `${JSON.stringify({ act_id: statement.act_id, step, ...outcome })}\n`
      : inWords(statement.act_id, step, items, outcome),
  );
}

interface UserAct {
  readonly step: Step;
  readonly items: readonly WireItem[];
  readonly flags: ActFlags;
  readonly user: string;
  readonly correction: Correction | null;
  readonly dataDir: string;
  readonly person: Person;
}

/** The gateway signs with the user's own key, which only their password opens. */
async function actAsUser({ step, items, flags, user, correction, dataDir, person }: UserAct) {
  person.tell(`${itemTable(items)}\n${summary(step, items, flags, user, correction)}`);
  await confirmAct(flags, person);
  const params = {
    user,
    act_id: randomUUID(),
    step,
    meaning: flags.meaning,
    subjects: items.map(({ of, number, state, hash }) => ({ of, number, state, hash })),
    password: await passwordOf(flags, person),
    code:
      flags.code ?? (person.isThere ? await person.secret('Code of the authenticator (empty without one): ') : null),
    correction_base64: correction?.bytes.toString('base64') ?? null,
  };
  return await callGateway(dataDir, 'review.user_act', params, userActResult);
}

async function passwordOf({ passwordFile }: ActFlags, person: Person): Promise<string> {
  if (passwordFile !== undefined) return readSecretFile(passwordFile);
  if (person.isThere) return await person.secret('Password: ');
  throw new CounterfoilError('usage', 'there is nobody to ask for the password', 'Give it with --password-file.');
}

async function chosen(
  names: readonly ItemName[],
  flags: ActFlags,
  dataDir: string,
  person: Person,
): Promise<WireItem[]> {
  const { all, state } = flags;
  if (all === true && state !== undefined && names.length === 0) {
    const items = await fetchItems(dataDir, state);
    if (items.length > MAX_SUBJECTS) {
      person.tell(
        `${items.length} items wait; one act takes ${MAX_SUBJECTS}, these are the first. Run this again for the rest.\n`,
      );
    }
    return items.slice(0, MAX_SUBJECTS);
  }
  if (all === true || state !== undefined || names.length === 0) {
    const hint = 'Name items (counterfoil review release 17 18), or write --all --state HELD.';
    throw new CounterfoilError('usage', 'which items?', hint);
  }
  if (names.length > MAX_SUBJECTS) {
    throw new CounterfoilError('usage', `one act takes at most ${MAX_SUBJECTS} items`, 'Name fewer.');
  }
  return await fetchNamed(dataDir, names);
}

function summary(
  step: Step,
  items: readonly WireItem[],
  flags: ActFlags,
  name: string,
  correction: Correction | null,
): string {
  const count = items.length === 1 ? '1 item' : `${items.length} items`;
  const record =
    correction === null
      ? ''
      : `with the corrected record of ${flags.record} (lane_hash ${correction.hash.slice(0, 8)})\n`;
  return `${name} signs: ${step} ${count}\n${record}meaning: ${flags.meaning}\n`;
}

/** The corrected record, checked here first so that its faults are told before anybody signs. */
function readCorrection(file: string): Correction {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const hint = 'Check the path and that this user may read it.';
    throw new CounterfoilError('usage', `${file} cannot be read: ${messageOf(error)}`, hint, error);
  }
  const outcome = checkRecord(bytes, { receivedAtMs: systemClock.utcMs(), clock: 'unknown', products: null });
  if (outcome.ok) return { bytes, hash: outcome.record.laneHash.toString('hex') };
  const why = outcome.reasons.map(({ message }) => message).join('; ');
  throw new CounterfoilError('review_refused', `${file} is no record`, `Mend it: ${why}.`);
}

function inWords(actId: string, step: Step, items: readonly WireItem[], { correction, trail }: WireOutcome): string {
  const admitted =
    correction === null
      ? ''
      : `corrected record admitted as ${correction.sequence}, ${[correction.state, ...correction.flags].join(', ')}\n`;
  return `${DONE[step]} ${items.map(nameOf).join(', ')}\n${admitted}act ${actId}, ${trail.log} trail entry ${trail.index}\n`;
}
