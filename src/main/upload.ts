/** Uploads of a gateway, put together: what is closed, where it goes, with which secrets. */
import { join } from 'node:path';
import { UploadFault } from '../archive/upload/faults.ts';
import { Ledger } from '../archive/upload/ledger.ts';
import { ObjectStore, type StoreSecrets } from '../archive/upload/object-store.ts';
import { UPLOAD_PACES } from '../archive/upload/options.ts';
import { Uploader } from '../archive/upload/uploader.ts';
import { waitingFiles } from '../archive/upload/waiting.ts';
import { systemClock, systemTimers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { readSecret } from '../base/config/secrets.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import type { Trail } from '../trail/api.ts';
import { readCertificates } from './pms-tls.ts';

export interface UploadParts {
  readonly buffer: RecordBuffer;
  /** Null: there are no segments. */
  readonly trail: Trail | null;
  readonly log: Log;
  readonly intake: { readonly queueDepth: number };
  readonly uplink: { mode(): { readonly mode: string } };
  /** Takes what ends it. */
  readonly undo: (() => Promise<void>)[];
}

/** Runs from now on; null when no object store is configured. */
export function startUploader(config: Config, parts: UploadParts): Uploader | null {
  const uploader = makeUploader(config, parts);
  if (uploader === null) return null;
  parts.undo.push(() => uploader.stop());
  uploader.start();
  return uploader;
}

function makeUploader(config: Config, { buffer, trail, log, intake, uplink }: UploadParts): Uploader | null {
  const { url, bucket, region, prefix, lockYears, maxKibPerSecond } = config.upload;
  if (url === null || bucket === null) return null;
  const before = `${prefix}${config.gateway.id}/`;
  const ledger = Ledger.open(join(config.dataDir, 'uploads.json'), `${url} ${bucket} ${before}`, buffer.epoch);
  return new Uploader(
    {
      ...UPLOAD_PACES,
      prefix: before,
      lockYears: lockYears ?? config.retention.years,
      bytesPerSecond: maxKibPerSecond * 1024,
    },
    {
      ledger,
      connect: () =>
        new ObjectStore({
          options: { url, bucket, region },
          secrets: readSecrets(config, process.env),
          clock: systemClock,
          timers: systemTimers,
        }),
      waiting: () =>
        waitingFiles({
          trailDir: config.trailDir,
          ledger,
          openSegment: (of) => trail?.facts().logs[of].segment ?? null,
          sealedParts: () => buffer.archive.sealedParts(),
        }),
      // Lanes first; and a backlog needs the line.
      isBusy: () => intake.queueDepth > 0 || uplink.mode().mode === 'RECONCILING',
      note: (body) => buffer.note('audit', 'upload', body),
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      log,
    },
  );
}

/** Throws `secret_unreadable`. */
function readSecrets({ upload }: Config, env: NodeJS.ProcessEnv): StoreSecrets {
  try {
    const accessKey = readSecret(upload.accessKeyFile, 'upload_access_key', env);
    const secretKey = readSecret(upload.secretKeyFile, 'upload_secret_key', env);
    if (accessKey === null || secretKey === null) throw new Error('neither file nor credential holds both keys');
    const ca = upload.caFile === null ? null : readCertificates(upload.caFile, 'upload.ca_file');
    return { accessKey: accessKey.trim(), secretKey: secretKey.trim(), ca };
  } catch (error) {
    throw new UploadFault('secret_unreadable', messageOf(error), error);
  }
}
