/**
 * An act by which archived months are destroyed, inside the writer's transaction: every month is still what both people
 * signed, both signatures are kept as they are, and both trails tell of it. The files go after this commit; if the power
 * goes between, their rows say so and the next start goes on.
 */
import { hash } from 'node:crypto';
import { CounterfoilError } from '../../base/errors.ts';
import type { Stream } from '../../record/types.ts';
import type { TrailPlace } from '../api.ts';
import type { ExpiryAct } from '../archive-api.ts';
import { streamCode } from '../codes.ts';
import { type Heads, type Moment, type Session, storeEntry } from '../session.ts';
import type { ArchiveStatements } from './statements.ts';

/** What is in a month: SHA-256 over the hashes of its files' newest frames, in order of parts. */
export function monthHash(files: readonly { readonly hash: Buffer }[]): Buffer {
  return hash('sha256', Buffer.concat(files.map((file) => file.hash)), 'buffer');
}

/** Throws `review_stale` (the caller rolls back) when the act has been done, or a month is not as it says. */
export function writeExpiry(
  session: Session,
  sql: ArchiveStatements,
  heads: Heads,
  moment: Moment,
  act: ExpiryAct,
): TrailPlace {
  if (sql.findExpiry.get(act.actId) !== undefined) throw stale('this act has been done before');
  const told: [Stream, string, number, number, string][] = [];
  for (const { stream, month, hash: sent } of act.months) {
    // Across the threads a Buffer becomes a Uint8Array.
    const signed = Buffer.from(sent);
    const files = sql.filesOf.all(streamCode(stream), month);
    if (files.length === 0 || !monthHash(files).equals(signed))
      throw stale(`${stream} ${month} is not what was signed`);
    if (files.some(({ leaving }) => leaving > 0)) throw stale(`${stream} ${month} is still being written`);
    for (const { file } of files) sql.setExpired.run(act.actId, file);
    const records = files.reduce((sum, file) => sum + file.records, 0);
    told.push([stream, month, files.length, records, signed.toString('base64')]);
  }
  const body = {
    act: act.actId,
    by: act.signers.map(({ printedName, keyId, meaning, signedAtMs, statement }) => ({
      key_id: keyId,
      meaning,
      name: printedName,
      signed_ms: signedAtMs,
      statement: hash('sha256', statement, 'base64'),
    })),
    months: told,
  };
  const place = storeEntry(session, heads, 0, moment, 'expire', body);
  storeEntry(session, heads, 1, moment, 'expire', body);
  for (const [at, signer] of act.signers.entries()) {
    const { statement, signature, keyId, printedName, meaning, signedAtMs } = signer;
    const signed = [act.actId, at + 1, statement, signature, keyId, printedName, meaning, Math.trunc(signedAtMs)];
    sql.addExpiry.run(...signed, moment.utcMs, 0, place.index, place.leaf);
  }
  return place;
}

function stale(message: string): CounterfoilError {
  return new CounterfoilError('review_stale', message, 'Look at the list again; nothing of this act was done.');
}
