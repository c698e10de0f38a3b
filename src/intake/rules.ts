/**
 * Who may do what on which topic; pure. A lane publishes records on its own topic and reads its own receipts and the
 * store's status, nothing else. A refusal names what to do instead, for the log line the lane's integrator will look for.
 */
import { parseTopic } from '../record/lane-wire.ts';

/**
 * `practice`: published on the training topic, to be kept apart from all records. A refusal names the lane where the
 * remedy is about it.
 */
export type Verdict =
  | { readonly ok: true; readonly lane: string; readonly practice: boolean }
  | { readonly ok: false; readonly reason: string; readonly lane?: string };

export interface PublishAttempt {
  readonly topic: string;
  readonly retain: boolean;
}

const NOT_IN_TRAINING =
  'this lane is not in training: sales go to pos/{store}/{lane}/records; "counterfoil lane training" puts a lane in training for a few hours';

/**
 * Whether a publish may be looked at as a record. `lane` is the connection's lane once it has one; `inTraining` says
 * whether a lane may practise now.
 */
export function mayPublish(
  store: string,
  lane: string | null,
  attempt: PublishAttempt,
  inTraining: (lane: string) => boolean,
): Verdict {
  const topic = parseTopic(attempt.topic);
  if (topic === null || topic.kind === 'status' || topic.kind === 'receipts') {
    return { ok: false, reason: 'foreign topic: records are published to pos/{store}/{lane}/records' };
  }
  if (topic.store !== store) return { ok: false, reason: 'this gateway serves another store' };
  if (lane !== null && topic.lane !== lane)
    return { ok: false, reason: "another lane's topic: use one connection for each lane" };
  const practice = topic.kind === 'training';
  if (practice && !inTraining(topic.lane)) return { ok: false, reason: NOT_IN_TRAINING, lane: topic.lane };
  if (attempt.retain) return { ok: false, reason: 'retained publish: send records with retain off' };
  return { ok: true, lane: topic.lane, practice };
}

/** What a lane may subscribe to; `lane` is null for the store's status, which binds the connection to no lane. */
export type SubscribeVerdict =
  | { readonly ok: true; readonly lane: string | null }
  | { readonly ok: false; readonly reason: string };

export function maySubscribe(store: string, lane: string | null, filter: string): SubscribeVerdict {
  const topic = parseTopic(filter);
  if (topic === null || topic.store !== store || topic.kind === 'records' || topic.kind === 'training') {
    return { ok: false, reason: 'a lane may subscribe to pos/{store}/{lane}/receipts and pos/{store}/status only' };
  }
  if (topic.kind === 'status') return { ok: true, lane: null };
  if (lane !== null && topic.lane !== lane) return { ok: false, reason: "another lane's receipts" };
  return { ok: true, lane: topic.lane };
}
