/** The key reports are signed with, as the configuration has it, for the process that makes a report. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { ReportSigner } from '../../reports/api.ts';
import { openKeyFiles, openOwnKey } from '../../reports/sign/identity.ts';
import type { ReportKey } from '../../reports/sign/report-key.ts';
import { reportSigner } from '../../reports/sign/sign-report.ts';

export interface SigningPlace {
  /** Both or none; none: the box's own key. */
  readonly keyFile: string | null;
  readonly certificatesFile: string | null;
  /** Where the box's own key lies, or will. */
  readonly ownFolder: string;
}

export const ownKeyFolder = ({ dataDir }: Pick<Config, 'dataDir'>): string => `${dataDir}/report-signer`;

/** Null: reports are not to be signed. */
export function signingOf(config: Config): SigningPlace | null {
  const { enabled, keyFile, certificatesFile } = config.reports.signing;
  return enabled ? { keyFile, certificatesFile, ownFolder: ownKeyFolder(config) } : null;
}

/**
 * A report without signature is worth more than none: when the key cannot be used it is made all the same, `tell` hears why,
 * and its manifest says that nobody has signed.
 */
export async function signerFor(
  { signing, store }: { readonly signing: SigningPlace | null; readonly store: { readonly gatewayId: string } },
  tell: (text: string) => void,
): Promise<ReportSigner | null> {
  if (signing === null) return null;
  try {
    return reportSigner(await openKey(signing, store.gatewayId));
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    tell(`this report is not signed: ${error.message}\nhint: ${error.hint}\n`);
    return null;
  }
}

/** Opens the key. @throws CounterfoilError `config_unreadable`, `config_invalid`, `storage_io`. */
export async function openKey(
  { keyFile, certificatesFile, ownFolder }: SigningPlace,
  gatewayId: string,
): Promise<ReportKey> {
  if (keyFile !== null && certificatesFile !== null) return openKeyFiles({ keyFile, certificatesFile });
  return await openOwnKey(ownFolder, { gatewayId, nowMs: systemClock.utcMs(), random: randomBytes });
}
