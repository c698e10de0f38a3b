/**
 * The PMS as a witness (c2sp.org/tlog-witness, carried by batches): for each origin it cosigns only what continues the
 * largest checkpoint it has cosigned. The checkpoint is kept in the transaction of the batch it came with, so it is on
 * disk before the cosignature leaves. Whatever is wrong with a checkpoint says nothing about the records beside it.
 */

import { type SyncResponse, type WitnessError, WitnessOffer } from '../../record/wire.ts';
import { fromBase64 } from '../../tlog/base64.ts';
import { type Checkpoint, formatOrigin, openCheckpoint } from '../../tlog/checkpoint.ts';
import type { Cosigner } from '../../tlog/cosignature.ts';
import { emptyRoot } from '../../tlog/merkle.ts';
import { parseNote } from '../../tlog/note.ts';
import { verifyConsistency } from '../../tlog/proof.ts';
import { KEY_TYPE, parseVerifierKey, rawPublicKey } from '../../tlog/verifier-key.ts';
import type { CosignedBook, CosignedHead } from './cosigned.ts';
import type { StreamName } from './rows.ts';

/** What came with a batch, as parsed and not yet looked at. */
export interface Shown {
  readonly checkpoint: unknown;
  readonly witness: unknown;
}

/** What a 200 says about it; empty when nothing was to be cosigned. */
export type WitnessWord = Pick<SyncResponse, 'cosignature' | 'witness_key' | 'witness_error'>;

export interface WitnessDesk {
  readonly book: CosignedBook;
  readonly cosigner: Cosigner;
  readonly nowMs: number;
  readonly nowUtc: string;
}

type Judged =
  | { readonly ok: true; readonly head: CosignedHead; readonly text: string; readonly publicKey: Buffer }
  | { readonly ok: false; readonly code: WitnessError['code'] };

/** Cosigns, or says why not; beside a batch that is not taken it only says why not. Within a transaction. */
export function witness(desk: WitnessDesk, name: StreamName, shown: Shown, mayCosign: boolean): WitnessWord {
  if (shown.witness == null) return {};
  const log = name.stream === 'schedule_two' ? 'schedule_two' : 'audit';
  const whose = { gatewayId: name.gatewayId, log };
  const origin = formatOrigin({ ...whose, epoch: name.epoch });
  const newest = desk.book.newest(origin);
  const pinned = desk.book.pinned(whose);
  const judged = judge(origin, shown, pinned, newest);
  if (!judged.ok) {
    const checkpoint = newest?.note ?? null;
    return { witness_error: { code: judged.code, size: newest?.size ?? 0, checkpoint } };
  }
  if (!mayCosign) return {};
  if (pinned === null) desk.book.pin(whose, judged.publicKey, desk.nowUtc);
  desk.book.keep(origin, judged.head, desk.nowUtc);
  const cosignature = desk.cosigner.cosign(judged.text, Math.floor(desk.nowMs / 1000));
  return { cosignature: `${cosignature}\n`, witness_key: desk.cosigner.key.text };
}

/** The order of the questions is tlog-witness's. */
function judge(origin: string, shown: Shown, pinned: Buffer | null, newest: CosignedHead | null): Judged {
  const offer = WitnessOffer.safeParse(shown.witness);
  const note = typeof shown.checkpoint === 'string' ? parseNote(shown.checkpoint) : null;
  if (!offer.success || typeof shown.checkpoint !== 'string' || note?.ok !== true) return no('bad_checkpoint');
  const key = parseVerifierKey(offer.data.key);
  if (!key.ok || key.key.type !== KEY_TYPE.note || key.key.name !== origin) return no('bad_checkpoint');
  const publicKey = rawPublicKey(key.key.publicKey);
  if (pinned !== null && !pinned.equals(publicKey)) return no('unknown_key');
  const reading = openCheckpoint(shown.checkpoint, [key.key]);
  if (!reading.ok) return no('bad_checkpoint');
  const { size, root } = reading.checkpoint;
  const proof = offer.data.proof.map(fromBase64).filter((hash) => hash !== null);
  if (offer.data.old_size > size || proof.length !== offer.data.proof.length) return no('bad_checkpoint');
  if (offer.data.old_size !== (newest?.size ?? 0)) return no('stale');
  if (!continues(newest, reading.checkpoint, proof)) return no('inconsistent');
  return { ok: true, head: { size, root, note: shown.checkpoint }, text: note.note.text, publicKey };
}

function continues(newest: CosignedHead | null, { size, root }: Checkpoint, proof: readonly Buffer[]): boolean {
  return verifyConsistency(newest?.size ?? 0, size, newest?.root ?? emptyRoot, root, proof);
}

function no(code: WitnessError['code']): Judged {
  return { ok: false, code };
}
