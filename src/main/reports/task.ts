/** What a report is to be about, as it is handed to the process that makes it. */
import { z } from 'zod';
import type { Config } from '../../base/config/load.ts';
import { REPORT_KINDS, type ReportKind, type ReportStore, type ReportWindow } from '../../reports/api.ts';
import { archiveDirectory } from '../archive.ts';
import { signingOf } from './signer.ts';

export const reportTask = z.object({
  kind: z.enum(REPORT_KINDS),
  window: z.object({ fromUtcMs: z.number(), toUtcMs: z.number(), timeZone: z.string() }),
  store: z.object({
    gatewayId: z.string(),
    store: z.string(),
    name: z.string().nullable(),
    address: z.string().nullable(),
    deaRegistration: z.string().nullable(),
  }),
  dataDir: z.string(),
  trailDir: z.string(),
  archiveDir: z.string(),
  reportsDir: z.string(),
  /** Where the signing key is; null: reports stay unsigned. */
  signing: z
    .object({
      keyFile: z.string().nullable(),
      certificatesFile: z.string().nullable(),
      token: z
        .object({
          module: z.string(),
          token: z.string(),
          key: z.string(),
          pinFile: z.string(),
          refusedFile: z.string(),
        })
        .nullable(),
      ownFolder: z.string(),
    })
    .nullable(),
  run: z.string().nullable(),
});

export type ReportTask = z.infer<typeof reportTask>;

export const reportsDirectory = ({ dataDir }: Pick<Config, 'dataDir'>): string => `${dataDir}/reports`;

function storeOf({ gateway }: Config): ReportStore {
  const { id: gatewayId, store, name, address, deaRegistration } = gateway;
  return { gatewayId, store, name, address, deaRegistration };
}

export function taskOf(config: Config, kind: ReportKind, window: ReportWindow, run: string | null): ReportTask {
  return {
    kind,
    window,
    store: storeOf(config),
    dataDir: config.dataDir,
    trailDir: config.trailDir,
    archiveDir: archiveDirectory(config),
    reportsDir: reportsDirectory(config),
    signing: signingOf(config),
    run,
  };
}
