/**
 * The review desk: what waits for a person, one item's content, and the signed acts that end the waiting. Nothing here
 * edits a record: an act moves it on, or admits a new one that refers to it.
 *
 * The buffer does an act in one transaction with its trail entries. If the power goes before, nothing was done and the
 * items wait as before; after it, they wait no more, and the same act again is refused as done.
 */
import { z } from 'zod';
import { toUtcText } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { type Operations, operation } from '../../base/socket/operations.ts';
import type { WaitingItem } from '../../buffer/api.ts';
import { act } from './act.ts';
import { lookAt } from './look.ts';
import type { ReviewParts, UserSigner } from './ports.ts';
import { userAct, userActSchema } from './second-signature.ts';
import { refused, rosterOrRefuse } from './signer.ts';
import { actParams, listParams, showParams, signerParams, type WireItem } from './words.ts';

const userActParams = userActSchema.extend({ user: z.string().max(32) });

/** The operations of review, for the control socket. */
export function reviewOperations(parts: ReviewParts, signer: UserSigner): Operations {
  const { buffer, clock } = parts;
  return {
    'review.list': operation(listParams, ({ of, states, after, limit }) => ({
      items: buffer.readWaiting({ of, states, after, limit }).map((item) => wireItem(item, clock.utcMs())),
    })),
    'review.show': operation(showParams, async ({ of, number, caller }) => {
      const found = await lookAt(buffer, { of, number }, caller);
      if (found === null) throw gone(of, number);
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
    'review.act': operation(actParams, ({ statement, signature, correction_base64: correction }) =>
      act(parts, { statement, signature }, correction),
    ),
    'review.user_act': operation(userActParams, async ({ user, ...request }) => ({
      ...(await userAct(parts, signer, user, 'control socket', request)),
    })),
  };
}

function gone(of: WaitingItem['of'], number: number): CounterfoilError {
  const hint = '"counterfoil review list" shows what waits.';
  return new CounterfoilError('review_stale', `${of} ${number} does not wait for a person`, hint);
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
