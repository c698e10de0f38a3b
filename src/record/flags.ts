/**
 * What makes a record doubtful. Doubt never refuses: the sale has happened, and a person looks at it later. Flags that
 * need other records (`possible_double_sale`, `refers_to_unknown`, `lane_sequence_gap`) are set by the buffer.
 */
import { barcodeFlags } from './barcode.ts';
import { isDeaNumber, isNpi } from './identifiers.ts';
import type { Instant } from './instant.ts';
import type { NormalisedNdc } from './ndc.ts';
import type { ProductTable } from './products.ts';
import type { RecordMembers } from './schema.ts';
import type { SignatureFlag } from './signatures.ts';
import type { Flag, Schedule } from './types.ts';

/**
 * How far ahead of the gateway's clock a sale may be. 21 CFR 1311.205 asks pharmacy applications to stay within five
 * minutes of official time, so more than that is a wrong clock somewhere.
 */
export const FUTURE_TOLERANCE_MS = 5 * 60 * 1000;

/**
 * How old a sale may be when it arrives. A lane keeps records until they are synced and resends them, over a long
 * weekend too; older than a week is an old outbox come to light or a wrong clock, and somebody should know.
 */
export const LONG_AGO_MS = 7 * 24 * 60 * 60 * 1000;

/** What is known about a record when it is judged. */
export interface Judged {
  readonly members: RecordMembers;
  readonly ndc: NormalisedNdc;
  readonly schedule: Schedule;
  readonly dispensedAt: Instant;
  /** What first verification found. */
  readonly signed: readonly SignatureFlag[];
}

export interface Circumstances {
  /** The gateway's clock when the record arrived, in ms since 1970-01-01T00:00:00Z. */
  readonly receivedAtMs: number;
  readonly clock: 'unknown' | 'synchronised' | 'unsynchronised';
  readonly products: ProductTable | null;
}

/** Flags in the order of `FLAGS`. */
export function flagsOf(record: Judged, circumstances: Circumstances): Flag[] {
  const { members } = record;
  const flags: Flag[] = [];
  if (!isNpi(members.pharmacist_npi)) flags.push('npi_invalid');
  if (members.prescriber_dea !== undefined && !isDeaNumber(members.prescriber_dea))
    flags.push('prescriber_dea_invalid');
  flagProduct(record, circumstances.products, flags);
  flagTime(record.dispensedAt, circumstances, flags);
  flags.push(...barcodeFlags(members, record.ndc, referenceYear(record, circumstances)));
  if (circumstances.clock === 'unsynchronised') flags.push('clock_unsynchronised');
  flags.push(...record.signed);
  return flags;
}

function flagProduct({ ndc, schedule }: Judged, products: ProductTable | null, flags: Flag[]): void {
  if (ndc.path === 'unresolved') {
    flags.push('ndc_unresolved');
    return;
  }
  if (products === null) return;
  const product = products.find(ndc.ndc);
  if (product === null) flags.push('ndc_unknown_product');
  else if (!product.schedules.includes(schedule)) flags.push('schedule_mismatch');
}

/** A gateway that does not know the time cannot say that a lane's time is wrong. */
function flagTime({ utcMs }: Instant, { receivedAtMs, clock }: Circumstances, flags: Flag[]): void {
  if (clock === 'unsynchronised') return;
  if (utcMs > receivedAtMs + FUTURE_TOLERANCE_MS) flags.push('dispensed_in_future');
  else if (utcMs < receivedAtMs - LONG_AGO_MS) flags.push('dispensed_long_ago');
}

/** The year by which a barcode's two-digit year gets its century. */
function referenceYear({ dispensedAt }: Judged, { receivedAtMs, clock }: Circumstances): number {
  return new Date(clock === 'unsynchronised' ? dispensedAt.utcMs : receivedAtMs).getUTCFullYear();
}
