/** Whether a PMS that takes no batches takes single records, which is what `sync.profile: single` sends. */
import { SyncResult } from '../../../record/wire.ts';
import type { Peer, PeerAnswer } from './peer.ts';
import type { CheckContext } from './rule.ts';

/** `checked`: answers name key and hash. `bare`: any 2xx without them. `no`: neither. */
export type SingleVerdict = 'checked' | 'bare' | 'no';

/** Sends one record as the body with its key in `X-Idempotency-Key`, then the same again. */
export async function trySingle({ peer, stream }: CheckContext): Promise<SingleVerdict> {
  const { payload, idempotency_key: key, payload_hash: hash } = stream().record(1, 'NONE');
  const answers: PeerAnswer[] = [];
  for (const note of ['one record as the body', 'the same record again']) {
    const answer = await sent(peer, payload, key, note);
    if (answer === null || !isTaken(answer)) return 'no';
    answers.push(answer);
  }
  return answers.every((answer) => names(answer.body, key, hash)) ? 'checked' : 'bare';
}

async function sent(peer: Peer, payload: object, batchKey: string, note: string): Promise<PeerAnswer | null> {
  try {
    return await peer.syncBytes(Buffer.from(JSON.stringify(payload)), { batchKey, note });
  } catch {
    // Why there was no answer is told by the rules already.
    return null;
  }
}

/** A page is a captive portal's 200, whatever it says. */
function isTaken({ status, headers }: PeerAnswer): boolean {
  return status >= 200 && status <= 299 && !String(headers['content-type'] ?? '').startsWith('text/html');
}

function names(body: unknown, key: string, hash: string): boolean {
  const result = SyncResult.omit({ stream_sequence: true, status: true }).safeParse(body).data;
  return result?.idempotency_key === key && result.payload_hash === hash;
}

/** The verdict as a sentence for those who build the PMS and those who configure the store. */
export function singleSentence(verdict: SingleVerdict): string {
  switch (verdict) {
    case 'checked':
      return 'It takes single records and names key and hash: it works with sync.profile: single.';
    case 'bare':
      return (
        'It takes single records, but its answers name no key and hash: it works with sync.profile: single only where ' +
        'sync.accept_unproved: true says that records may go unproved. Let it answer ' +
        '{"idempotency_key","payload_hash","status":"accepted"}.'
      );
    case 'no':
      return 'It does not take single records either, so no sync.profile works with it.';
  }
}
