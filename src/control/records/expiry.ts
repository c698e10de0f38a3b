/**
 * Destroying archived months whose time is over: only by an act of two people of the roster, only by a clock that is known to
 * be right, never by itself. What the act does to the files is the archive's; if the power goes in between it is gone on
 * with at the next start.
 */
import { toUtcText } from '../../base/clock.ts';
import type { ArchiveMonth, ExpirySigner, TrailPlace } from '../../buffer/api.ts';
import type { Role } from '../../record/roster-schema.ts';
import { proveSignature, refused, rosterOrRefuse, SIGN_AGAIN, type SignedText } from '../review/signer.ts';
import { type ExpiryStatement, readExpiryStatement } from './expiry-statement.ts';
import type { RecordsParts } from './ports.ts';
import type { WireMonth } from './words.ts';

/** First moment at which a month may be destroyed: so many years after its last reception and after it was last written. */
function keptUntilMs({ toMs, archivedMs, month }: ArchiveMonth, years: number): number {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const monthEnd = Date.UTC(year, number, 1);
  const last = new Date(Math.max(toMs, archivedMs, monthEnd));
  return last.setUTCFullYear(last.getUTCFullYear() + years);
}

export function wireMonth(month: ArchiveMonth, years: number): WireMonth {
  return {
    stream: month.stream,
    month: month.month,
    files: month.files,
    records: month.records,
    bytes: month.bytes,
    received_until_utc: toUtcText(month.toMs),
    kept_until_utc: toUtcText(keptUntilMs(month, years)),
    hash: month.hash.toString('hex'),
  };
}

/** Throws `review_refused` with what is wrong and what to do, or `review_stale` when a month is no longer as signed. */
export async function expire(parts: RecordsParts, first: SignedText, second: SignedText): Promise<TrailPlace> {
  if (parts.clockQuality() !== 'synchronised') {
    throw refused(
      'the gateway does not know what time it is, so nothing has expired',
      'Give it time servers (clock.ntp_servers) and wait until "counterfoil status" says synchronised.',
    );
  }
  // What ends records takes a reviewer; the second pair of eyes may be a pharmacist's.
  const one = proven(parts, first, ['reviewer']);
  const other = proven(parts, second, ['reviewer', 'pharmacist']);
  refuseOnePerson(parts, one.signer, other.signer);
  const { act_id: actId, months } = one.statement;
  if (other.statement.act_id !== actId || JSON.stringify(other.statement.months) !== JSON.stringify(months)) {
    throw refused('the two have not signed the same act', SIGN_AGAIN);
  }
  refuseWhatIsKept(parts, one.statement);
  const named = months.map(({ stream, month, hash }) => ({ stream, month, hash: Buffer.from(hash, 'hex') }));
  const place = await parts.buffer.archive.expire({ actId, months: named, signers: [one.signer, other.signer] });
  parts.onExpired();
  return place;
}

function proven(
  parts: RecordsParts,
  signed: SignedText,
  roles: readonly Role[],
): { readonly statement: ExpiryStatement; readonly signer: ExpirySigner } {
  const statement = readExpiryStatement(signed.statement);
  if (statement === null) throw refused('the statement is none, or not in its canonical form (RFC 8785)', SIGN_AGAIN);
  const { buffer, clock, clockQuality, roster } = parts;
  if (statement.gateway_id !== buffer.gatewayId || statement.epoch !== buffer.epoch) {
    throw refused('the statement was signed for another gateway or epoch', SIGN_AGAIN);
  }
  const time = { nowMs: clock.utcMs(), clock: clockQuality() };
  const { keyId, signedAtMs } = proveSignature(signed, statement, roles, rosterOrRefuse(roster()), time);
  const { printed_name: printedName, meaning } = statement;
  return { statement, signer: { ...signed, keyId, signedAtMs, printedName, meaning } };
}

function refuseOnePerson({ roster }: RecordsParts, one: ExpirySigner, other: ExpirySigner): void {
  const people = [one, other].map(({ keyId }) => rosterOrRefuse(roster()).find(keyId)?.person);
  if (people[0] !== people[1] && one.printedName !== other.printedName) return;
  throw refused('both signatures are of one person', 'A second person of the roster must sign too.');
}

function refuseWhatIsKept({ buffer, clock, retentionYears }: RecordsParts, { months }: ExpiryStatement): void {
  const there = buffer.archive.months();
  for (const { stream, month } of months) {
    const found = there.find((each) => each.stream === stream && each.month === month);
    if (found === undefined || keptUntilMs(found, retentionYears) <= clock.utcMs()) continue;
    const until = toUtcText(keptUntilMs(found, retentionYears)).slice(0, 10);
    throw refused(`${stream} ${month} is to be kept until ${until}`, 'Leave it out and sign again.');
  }
}
