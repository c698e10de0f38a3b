/**
 * The review desk: what waits for a person, one item's content, and the signed acts that end the waiting. Nothing here
 * edits a record: an act moves it on, or admits a new one that refers to it.
 *
 * The buffer does an act in one transaction with its trail entries. If the power goes before, nothing was done and the
 * items wait as before; after it, they wait no more, and the same act again is refused as done.
 */
import { toUtcText } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { type Operations, operation } from '../../base/socket/operations.ts';
import type { ActOutcome, ReviewSubject, TrailLog, WaitingDetail, WaitingItem } from '../../buffer/api.ts';
import { correctionItem } from './correction.ts';
import type { ReviewParts } from './ports.ts';
import { prove } from './prove.ts';
import { refused, rosterOrRefuse } from './signer.ts';
import type { Statement } from './statement.ts';
import {
  actParams,
  listParams,
  showParams,
  signerParams,
  type WireItem,
  type WireOutcome,
  type WireSubject,
} from './words.ts';

/** The operations of review, for the control socket. */
export function reviewOperations(parts: ReviewParts): Operations {
  const { buffer, clock } = parts;
  return {
    'review.list': operation(listParams, ({ of, states, after, limit }) => ({
      items: buffer.readWaiting({ of, states, after, limit }).map((item) => wireItem(item, clock.utcMs())),
    })),
    'review.show': operation(showParams, async ({ of, number, caller }) => {
      const found = buffer.readWaitingDetail(of, number);
      if (found === null) throw gone(of, number);
      // First the entry, then the look: nobody reads a record without leaving a trace.
      const hash = found.hash.toString('hex');
      await buffer.note(trailOf(found), 'access', { by: caller, hash, number, of, way: 'review' });
      return {
        item: wireItem(found, clock.utcMs()),
        content_base64: found.bytes?.toString('base64') ?? null,
        holder: found.holder,
      };
    }),
    'review.signer': operation(signerParams, ({ kid }) => {
      const found = rosterOrRefuse(parts.roster()).find(kid);
      if (found === null) throw refused('the roster does not have this key', 'Check --kid.');
      const { gatewayId, epoch } = buffer;
      return { gateway_id: gatewayId, epoch, printed_name: found.person.printedName };
    }),
    'review.act': operation(actParams, async ({ statement, signature, correction_base64: correction }) =>
      wireOutcome(await act(parts, { statement, signature }, correction)),
    ),
  };
}

async function act(
  parts: ReviewParts,
  signed: { readonly statement: string; readonly signature: string },
  correction: string | null,
): Promise<ActOutcome> {
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
  return outcome;
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

function gone(of: WaitingItem['of'], number: number): CounterfoilError {
  const hint = '"counterfoil review list" shows what waits.';
  return new CounterfoilError('review_stale', `${of} ${number} does not wait for a person`, hint);
}

/** 21 CFR 1304.04(h): what concerns Schedule II is kept separately. */
function trailOf({ schedule }: WaitingDetail): TrailLog {
  return schedule === 'II' ? 'schedule_two' : 'audit';
}

function wireItem(item: WaitingItem, nowMs: number): WireItem {
  return {
    of: item.of,
    number: item.number,
    state: item.state,
    lane: item.lane,
    schedule: item.schedule,
    received_at_utc: toUtcText(item.receivedAtMs),
    age_seconds: Math.max(0, Math.round((nowMs - item.receivedAtMs) / 1000)),
    flags: [...item.flags],
    hash: item.hash.toString('hex'),
    reasons: [...item.reasons],
  };
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
