/** The dashboard's review desk: the same looks and acts as at the control socket and the API. */
import { hash, randomUUID } from 'node:crypto';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { statusOf } from '../control/review/act-routes.ts';
import { lookAt } from '../control/review/look.ts';
import type { ReviewParts, UserSigner } from '../control/review/ports.ts';
import { userAct, userActSchema } from '../control/review/second-signature.ts';
import { MAX_SUBJECTS, STEPS_OF } from '../control/review/words.ts';
import type { ActDone, ActRefused, ActRequest, ReviewDesk } from '../dashboard/review/ports.ts';
import { readInstant } from '../record/instant.ts';
import { isObject } from '../record/refusal.ts';
import { parse } from '../record/strict-json.ts';

export interface ReviewDeskParts {
  readonly review: ReviewParts;
  readonly buffer: RecordBuffer;
  readonly signer: UserSigner;
  readonly log: Log;
}

export function reviewDesk({ buffer, log, review, signer }: ReviewDeskParts): ReviewDesk {
  return {
    stepsOf: STEPS_OF,
    maxSubjects: MAX_SUBJECTS,
    list: (query) => buffer.readWaiting(query),
    look: (item, by) => lookAt(buffer, item, by),
    async lookAtHolder(sequence, by) {
      const bytes = buffer.payloadOf(sequence);
      if (bytes === null) return { sequence, bytes };
      const body = { by, hash: hash('sha256', bytes), number: sequence, of: 'record', way: 'review' } as const;
      await buffer.note(isScheduleTwo(bytes) ? 'schedule_two' : 'audit', 'access', body);
      return { sequence, bytes };
    },
    async act(user, address, request) {
      try {
        const read = userActSchema.safeParse(wireOf(request));
        if (!read.success) return { ok: false, refused: NOT_UNDERSTOOD };
        return { ok: true, done: doneOf(await userAct(review, signer, user, address, read.data)) };
      } catch (error) {
        return { ok: false, refused: refusedOf(error, log) };
      }
    },
    newActId: randomUUID,
    newKey: randomUUID,
  };
}

function wireOf({ actId, code, correction, meaning, password, step, subjects }: ActRequest): unknown {
  return {
    act_id: actId,
    step,
    subjects,
    meaning,
    password,
    code,
    correction_base64: correction?.toString('base64') ?? null,
  };
}

function doneOf(outcome: Awaited<ReturnType<typeof userAct>>): ActDone {
  const { correction, meaning, printed_name: printedName, signed_at_utc: signedAtUtc, trail } = outcome;
  return { printedName, meaning, signedAtMs: readInstant(signedAtUtc)?.utcMs ?? 0, trail, correction };
}

const NOT_UNDERSTOOD: ActRefused = { status: 400, message: 'this form is not whole', hint: 'Begin again at the list.' };

function refusedOf(error: unknown, log: Log): ActRefused {
  if (error instanceof CounterfoilError) {
    return { status: statusOf(error), message: error.message, hint: error.hint };
  }
  // A message of a parser could quote what it read, which may be a record.
  log.error('a signed act failed', { error: error instanceof SyntaxError ? error.name : messageOf(error) });
  return {
    status: 503,
    message: 'the gateway failed at this act',
    hint: 'Its log says more. Look at the list before you sign again.',
  };
}

/** 21 CFR 1304.04(h): what concerns Schedule II is kept separately. */
function isScheduleTwo(bytes: Buffer): boolean {
  const record = parse(bytes);
  return isObject(record) && record.schedule === 'II';
}
