/**
 * How far the closing of a gateway has come: `{data_dir}/closing.json`, replaced as a whole after each step, so that a closing
 * that was interrupted goes on with the step it was in; each step may be done again. While the file is there no gateway starts
 * on this directory. Before `destroying` nothing is lost: who moves the file away has the gateway back, its lanes revoked.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceDurably } from '../../base/durable.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';

/** In order: what is done. */
const CLOSE_STEPS = [
  'signed',
  'told',
  'backed_up',
  'verified',
  'reported',
  'exported',
  'destroying',
  'closed',
] as const;
export type CloseStep = (typeof CLOSE_STEPS)[number];

const signedSchema = z.strictObject({
  printed_name: z.string(),
  key_id: z.string(),
  signed_ms: z.int(),
  /** RFC 8785 JSON, as it was signed. */
  statement: z.string(),
  /** Detached JWS in compact form. */
  signature: z.string(),
});
export type SignedClosing = z.infer<typeof signedSchema>;

const stateSchema = z.strictObject({
  v: z.literal(1),
  step: z.enum(CLOSE_STEPS),
  act_id: z.uuid(),
  gateway_id: z.string(),
  epoch: z.string(),
  /** Absolute path of the folder everything is exported to. */
  to: z.string(),
  meaning: z.string(),
  records: z.int(),
  open: z.int(),
  reason: z.string().nullable(),
  signed: z.array(signedSchema).min(1).max(2),
  begun_at_utc: z.iso.datetime({ precision: 3 }),
  /** SHA-256, hex, of the files in `to` that are already as they will be, by name. */
  files: z.record(z.string(), z.string()),
  /** Files with keys that this program could not destroy. */
  left: z.array(z.string()),
  closed_at_utc: z.iso.datetime({ precision: 3 }).nullable(),
});
export type CloseState = z.infer<typeof stateSchema>;

const pathOf = (dataDir: string): string => join(dataDir, 'closing.json');

/** Null where nobody has begun to close. @throws CounterfoilError `gateway_closed` when the file is not in its form. */
export function readCloseState(dataDir: string): CloseState | null {
  const path = pathOf(dataDir);
  if (!existsSync(path)) return null;
  try {
    return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const hint = 'Somebody has changed it, or its disk is damaged. Put it right, or ask whoever closes this store.';
    throw new CounterfoilError('gateway_closed', `${path} cannot be read: ${messageOf(error)}`, hint, error);
  }
}

/** On disk when it returns. Throws what the disk throws. */
export function writeCloseState(dataDir: string, state: CloseState): void {
  replaceDurably(pathOf(dataDir), `${JSON.stringify(state, null, 1)}\n`);
}

/** Throws `gateway_closed` when this gateway is closed, or is being closed. */
export function requireNotClosed(dataDir: string): void {
  const state = readCloseState(dataDir);
  if (state === null) return;
  const names = state.signed.map(({ printed_name }) => printed_name).join(' and ');
  if (state.step === 'closed') {
    throw new CounterfoilError(
      'gateway_closed',
      `this gateway was closed for good on ${state.closed_at_utc} by ${names}; its keys are destroyed`,
      `What it held is in the export (${state.to}). A new gateway of this store begins in an empty data_dir.`,
    );
  }
  throw new CounterfoilError(
    'gateway_closed',
    `this gateway is being closed since ${state.begun_at_utc} by ${names}`,
    'Run "counterfoil close" again: it goes on where it was. No till is served meanwhile.',
  );
}
