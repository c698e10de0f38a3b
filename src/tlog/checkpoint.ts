/**
 * Checkpoints (c2sp.org/tlog-checkpoint): the text of a signed note that says how many entries a log has and what the
 * root of its tree is, and the origins we give our logs.
 */
import { fromBase64 } from './base64.ts';
import { HASH_BYTES } from './merkle.ts';
import { type NoteFault, openNote } from './note.ts';
import type { VerifierKey } from './verifier-key.ts';

export interface Checkpoint {
  /** Whose log: `{gateway_id}/{epoch}/{log}` for ours. */
  readonly origin: string;
  readonly size: number;
  /** RFC 6962 root of the first `size` entries, 32 bytes. */
  readonly root: Buffer;
  /** Further lines; we write none. */
  readonly extensions: readonly string[];
}

export type CheckpointFault = NoteFault | 'bad_origin' | 'bad_size' | 'bad_root' | 'bad_extension' | 'wrong_name';
export type CheckpointReading =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly fault: CheckpointFault };

/** The text to sign, ending with a line feed. Throws `TypeError` for what no checkpoint can say. */
export function formatCheckpoint(checkpoint: Omit<Checkpoint, 'extensions'>): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
  const reading = parseCheckpoint(text);
  if (!reading.ok) throw new TypeError(`no checkpoint can say this: ${reading.fault}`);
  return text;
}

/** Reads the text of a note, without its signatures; never throws. */
export function parseCheckpoint(text: string): CheckpointReading {
  const lines = text.split('\n');
  if (lines.pop() !== '') return no('not_text');
  const [origin, size, root64, ...extensions] = lines;
  if (origin === undefined || origin === '') return no('bad_origin');
  if (size === undefined || !/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    return no('bad_size');
  }
  const root = fromBase64(root64 ?? '');
  if (root?.length !== HASH_BYTES) return no('bad_root');
  if (extensions.includes('')) return no('bad_extension');
  return { ok: true, checkpoint: { origin, size: Number(size), root, extensions } };
}

/**
 * Reads a signed checkpoint: a note that one of these keys has signed, under the name of its own origin. Lines of others
 * (cosignatures) are passed over. Never throws.
 */
export function openCheckpoint(note: string | Uint8Array, keys: readonly VerifierKey[]): CheckpointReading {
  const opened = openNote(note, keys);
  if (!opened.ok) return opened;
  const reading = parseCheckpoint(opened.note.text);
  if (!reading.ok) return reading;
  const own = keys.filter(({ name }) => name === reading.checkpoint.origin);
  return openNote(note, own).ok ? reading : no('wrong_name');
}

/** The parts of our origins. */
export interface Origin {
  readonly gatewayId: string;
  /** 8 hex digits. */
  readonly epoch: string;
  readonly log: string;
}

export function formatOrigin({ gatewayId, epoch, log }: Origin): string {
  return `${gatewayId}/${epoch}/${log}`;
}

/** The parts of an origin; null for one that is not of our kind. */
export function parseOrigin(origin: string): Origin | null {
  const [, gatewayId, epoch, log] = /^([A-Za-z0-9._-]+)\/([0-9a-f]{8})\/([a-z_]+)$/.exec(origin) ?? [];
  return gatewayId === undefined || epoch === undefined || log === undefined ? null : { gatewayId, epoch, log };
}

function no(fault: CheckpointFault): CheckpointReading {
  return { ok: false, fault };
}
