/** Does what the scanner saw agree with what the till says? Doubt is flagged, nothing is corrected from the scan. */
import { ndcTenOfGtin, parseGs1, toGtin14 } from './gs1.ts';
import { hasGs1CheckDigit } from './identifiers.ts';
import { type NormalisedNdc, tensOfEleven } from './ndc.ts';
import type { Flag } from './types.ts';

/** The members that are compared; each may be missing. */
export interface ScannedFields {
  readonly ndc: string;
  readonly barcode?: string | undefined;
  readonly gtin?: string | undefined;
  readonly lot?: string | undefined;
  readonly serial?: string | undefined;
  readonly expires_on?: string | undefined;
}

/**
 * `barcode_unreadable`: `barcode` is no GS1 scan, or `gtin` has a wrong check digit. `barcode_mismatch`: the scan or
 * the GTIN says something else than a member of the record. What only one of them says is no contradiction.
 */
export function barcodeFlags(sent: ScannedFields, ndc: NormalisedNdc, referenceYear: number): Flag[] {
  if (sent.barcode === undefined && sent.gtin === undefined) return [];
  const scan = sent.barcode === undefined ? null : parseGs1(sent.barcode, referenceYear);
  const gtin = sent.gtin === undefined ? null : toGtin14(sent.gtin);
  const flags: Flag[] = [];
  const barcodeUnreadable = sent.barcode !== undefined && scan === null;
  if (barcodeUnreadable || (gtin !== null && !hasGs1CheckDigit(gtin))) flags.push('barcode_unreadable');
  const contradicted =
    differ(scan?.gtin, gtin) ||
    differ(scan?.lot, sent.lot) ||
    differ(scan?.serial, sent.serial) ||
    differ(scan?.expiresOn, sent.expires_on) ||
    [scan?.gtin, gtin].some((code) => code && !mayBeSameProduct(code, sent.ndc, ndc));
  if (contradicted) flags.push('barcode_mismatch');
  return flags;
}

function differ(scanned: string | null | undefined, sent: string | null | undefined): boolean {
  return scanned != null && sent != null && scanned !== sent;
}

/** False only when GTIN and NDC cannot be the same product. A GTIN without an NDC in it says nothing about one. */
function mayBeSameProduct(gtin: string, sentNdc: string, ndc: NormalisedNdc): boolean {
  const ten = ndcTenOfGtin(gtin);
  if (ten === null) return true;
  if (ndc.path === 'already_11') return tensOfEleven(ndc.ndc).includes(ten);
  if (ndc.path === 'already_12') return ndc.ndc[0] !== '0' || tensOfEleven(ndc.ndc.slice(1)).includes(ten);
  const digits = sentNdc.replaceAll('-', '');
  return !/^[0-9]{10}$/.test(digits) || digits === ten;
}
