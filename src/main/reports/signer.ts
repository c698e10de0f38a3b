/** The key reports are signed with, as the configuration has it, for the process that makes a report. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { openKeyFiles, openOwnKey, openToken } from '../../reports/sign/identity.ts';
import type { ReportKey } from '../../reports/sign/report-key.ts';
import { reportSigner, type SignerOrNone } from '../../reports/sign/sign-report.ts';
import type { TokenPlace } from '../../reports/sign/token-key.ts';

export interface SigningPlace {
  /** Both or none; none, and no token: the box's own key. */
  readonly keyFile: string | null;
  readonly certificatesFile: string | null;
  /** Instead of a key's file. */
  readonly token: TokenPlace | null;
  /** Where the box's own key lies, or will. */
  readonly ownFolder: string;
}

export const ownKeyFolder = ({ dataDir }: Pick<Config, 'dataDir'>): string => `${dataDir}/report-signer`;

/** Null: reports are not to be signed. */
export function signingOf(config: Config): SigningPlace | null {
  const { enabled, keyFile, certificatesFile, pkcs11 } = config.reports.signing;
  const ownFolder = ownKeyFolder(config);
  const token = pkcs11 === null ? null : { ...pkcs11, refusedFile: `${ownFolder}.pin-refused` };
  return enabled ? { keyFile, certificatesFile, token, ownFolder } : null;
}

/** The key as it can be had now. */
export async function signerFor({
  signing,
  store,
}: {
  readonly signing: SigningPlace | null;
  readonly store: { readonly gatewayId: string };
}): Promise<SignerOrNone> {
  if (signing === null) return { signer: null, unsigned: null };
  try {
    return { signer: reportSigner(await openKey(signing, store.gatewayId)), unsigned: null };
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    return { signer: null, unsigned: { message: error.message, hint: error.hint } };
  }
}

/** Opens the key. @throws CounterfoilError `config_unreadable`, `config_invalid`, `storage_io`. */
export async function openKey(place: SigningPlace, gatewayId: string): Promise<ReportKey> {
  const { keyFile, certificatesFile, token, ownFolder } = place;
  if (token !== null && certificatesFile !== null) return openToken(token, certificatesFile);
  if (keyFile !== null && certificatesFile !== null) return openKeyFiles({ keyFile, certificatesFile });
  return await openOwnKey(ownFolder, { gatewayId, nowMs: systemClock.utcMs(), random: randomBytes });
}
