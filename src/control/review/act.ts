/**
 * One signed act, whoever has signed it and by which door it came.
 *
 * The buffer does an act in one transaction with its trail entries. If the power goes before, nothing was done and the
 * items wait as before; after it, they wait no more, and the same act again is refused as done.
 */
import type { ActOutcome, ReviewSubject } from '../../buffer/api.ts';
import { correctionItem } from './correction.ts';
import type { ReviewParts } from './ports.ts';
import { prove } from './prove.ts';
import { refused } from './signer.ts';
import type { Statement } from './statement.ts';
import type { WireOutcome, WireSubject } from './words.ts';

/** Throws `review_refused` when it is not proved or was done before, `review_stale` when something has changed. */
export async function act(
  parts: ReviewParts,
  signed: { readonly statement: string; readonly signature: string },
  correction: string | null,
): Promise<WireOutcome> {
  const { buffer, clock } = parts;
  const { gatewayId, epoch } = buffer;
  const place = { gatewayId, epoch, roster: parts.roster(), nowMs: clock.utcMs(), clock: parts.clockQuality() };
  const { statement, keyId, signedAtMs } = prove(signed, place);
  const outcome = await buffer.review(
    {
      actId: statement.act_id,
      step: statement.step,
      subjects: statement.subjects.map(subjectOf),
      statement: signed.statement,
      signature: signed.signature,
      keyId,
      printedName: statement.printed_name,
      meaning: statement.meaning,
      signedAtMs,
    },
    corrected(parts, statement, correction),
  );
  if (outcome.repeated) throw refused('this act has been done before', 'Nothing was changed now. Sign a new act.');
  parts.onActed(outcome.moved);
  return wireOutcome(outcome);
}

function corrected(parts: ReviewParts, statement: Statement, correction: string | null) {
  const { correction_hash: signedHash, subjects } = statement;
  const [subject] = subjects;
  if (signedHash === undefined || subject === undefined) {
    if (correction === null) return null;
    throw refused('a corrected record came with a step that takes none', 'Use resolve.');
  }
  if (correction === null) throw refused('the corrected record is missing', 'Give it with --record FILE.');
  const original = parts.buffer.readWaitingDetail(subject.of, subject.number);
  // It has ended: by this very act, if its answer was lost, or by another. The buffer knows which.
  if (original === null) return null;
  return correctionItem(Buffer.from(correction, 'base64'), signedHash, original, parts);
}

function subjectOf({ of, number, state, hash }: WireSubject): ReviewSubject {
  return { of, number, state, hash: Buffer.from(hash, 'hex') };
}

function wireOutcome({ moved, correction, trail }: ActOutcome): WireOutcome {
  return {
    moved: moved.map(({ sequence, state }) => ({ sequence, state })),
    correction: correction === null ? null : wireCorrection(correction),
    trail: { log: trail.log, index: trail.index, leaf: trail.leaf.toString('base64') },
  };
}

function wireCorrection(result: NonNullable<ActOutcome['correction']>): WireOutcome['correction'] {
  if (!('sequence' in result)) return null;
  const { status, sequence, state, flags } = result;
  return { status, sequence, state, flags: [...flags] };
}
