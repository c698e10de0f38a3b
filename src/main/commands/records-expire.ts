/** `records expire`: archived months whose time is over are destroyed, by two people who sign for it. */
import { randomUUID } from 'node:crypto';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { type ExpiryStatement, expiryStatementText } from '../../control/records/expiry-statement.ts';
import { expireResult, monthsResult, type WireMonth } from '../../control/records/words.ts';
import { signerResult } from '../../control/review/words.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';
import { confirmAct, openSigningKey, signText, textToSign } from './signing.ts';

export interface ExpireFlags {
  readonly until: string;
  readonly key: string;
  readonly kid: string;
  readonly passphraseFile?: string;
  readonly secondKey: string;
  readonly secondKid: string;
  readonly secondPassphraseFile?: string;
  readonly meaning: string;
  readonly yes?: true;
  readonly json?: true;
}

/** One line a month, and whether its time is over. */
export async function listMonths(dataDir: string, json: boolean, io: CommandIo): Promise<void> {
  const { months } = await callGateway(dataDir, 'records.months', {}, monthsResult);
  if (json) io.write(`${JSON.stringify({ months }, null, 2)}\n`);
  else io.write(months.length === 0 ? 'nothing is archived yet\n' : `${months.map(line).join('\n')}\n`);
}

function line({ stream, month, files, records, bytes, kept_until_utc: until }: WireMonth): string {
  const over = Date.parse(until) <= systemClock.utcMs() ? 'may be destroyed' : `kept until ${until.slice(0, 10)}`;
  return `${month}  ${stream.padEnd(12)}  ${records} records, ${bytes} bytes, ${files} files  ${over}`;
}

/** Throws `usage` when no month up to `until` is there or its time is not over, and what the gateway answers. */
export async function expire(dataDir: string, flags: ExpireFlags, io: CommandIo, person: Person): Promise<void> {
  const answer = await callGateway(dataDir, 'records.months', {}, monthsResult);
  const months = answer.months.filter(({ month }) => month <= flags.until);
  if (months.length === 0) {
    const hint = '"counterfoil records months" lists what there is.';
    throw new CounterfoilError('usage', `nothing is archived up to ${flags.until}`, hint);
  }
  const first = await callGateway(dataDir, 'review.signer', { kid: flags.kid }, signerResult);
  const second = await callGateway(dataDir, 'review.signer', { kid: flags.secondKid }, signerResult);
  person.tell(
    `${months.map(line).join('\n')}\n${first.printed_name} (key ${flags.kid}) and ${second.printed_name} (key ${flags.secondKid}) sign: destroy these for good\nmeaning: ${flags.meaning}\n`,
  );
  await confirmAct(flags, person);
  const actId = randomUUID();
  const subjects = months.map(({ stream, month, records, hash }) => ({ stream, month, records, hash }));
  const signed = async (name: string, kid: string, keyFile: string, passphraseFile: string | undefined) => {
    const key = await openSigningKey(
      { key: keyFile, ...(passphraseFile === undefined ? {} : { passphraseFile }) },
      person,
    );
    const statement: ExpiryStatement = {
      act_id: actId,
      gateway_id: answer.gateway_id,
      epoch: answer.epoch,
      step: 'expire',
      meaning: flags.meaning,
      printed_name: name,
      signed_at_utc: toUtcText(systemClock.utcMs()),
      months: subjects,
    };
    const text = textToSign(() => expiryStatementText(statement));
    return { statement: text, signature: signText(text, key, kid) };
  };
  const params = {
    first: await signed(first.printed_name, flags.kid, flags.key, flags.passphraseFile),
    second: await signed(second.printed_name, flags.secondKid, flags.secondKey, flags.secondPassphraseFile),
  };
  const { trail } = await callGateway(dataDir, 'records.expire', params, expireResult);
  const records = months.reduce((sum, month) => sum + month.records, 0);
  io.write(
    flags.json === true
      ? `${JSON.stringify({ act_id: actId, months: subjects, trail })}\n`
      : `${records} records of ${months.length} months are destroyed\nact ${actId}, ${trail.log} trail entry ${trail.index}\n`,
  );
}
