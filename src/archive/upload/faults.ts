/** Why a file could not be brought to the object store: a closed list, each with what an operator reads and what to do. */
import { CodedFault } from '../../base/coded-fault.ts';

interface Words {
  readonly message: string;
  readonly hint: string;
}

export const UPLOAD_FAULTS = {
  no_object_lock: {
    message: 'the bucket has no object lock, so whoever owns it could delete what is there: nothing is uploaded',
    hint: 'Object lock is set when a bucket is made. Make one with it, and write its name into upload.bucket.',
  },
  not_locked: {
    message: 'the object store took a file and does not say that it is locked (COMPLIANCE) as long as asked',
    hint: 'Check that the key may s3:PutObjectRetention and s3:GetObjectRetention, and what the store says of object lock.',
  },
  other_object: {
    message: 'there is another file of this name in the object store: it was not overwritten',
    hint: 'Either two gateways have the same id and epoch, or the trail here is not the one that was uploaded. Compare both: counterfoil trail verify.',
  },
  no_bucket: {
    message: 'the object store has no bucket of this name',
    hint: 'Check upload.bucket, upload.url and upload.region.',
  },
  credentials: {
    message: 'the object store does not take this key, or the key may not do this',
    hint: 'Check access key, secret key and region. The key needs s3:GetBucketObjectLockConfiguration, s3:ListBucket, s3:GetObject, s3:GetObjectRetention, s3:PutObject and s3:PutObjectRetention.',
  },
  wrong_region: {
    message: 'the object store says that the bucket is elsewhere',
    hint: 'Check upload.region and upload.url; redirects are not followed.',
  },
  clock_wrong: {
    message: 'the object store says that the clock of this box is too far off',
    hint: 'Set the clock. See "counterfoil status" for how far it is off.',
  },
  certificate_wrong: {
    message: 'the object store shows a certificate that no trusted authority has issued, or that is not valid',
    hint: 'Check upload.ca_file, the host in upload.url and the dates of its certificate.',
  },
  unreachable: {
    message: 'the object store does not answer',
    hint: 'Check host and port in upload.url, and the network. The file is uploaded later by itself.',
  },
  store_busy: {
    message: 'the object store is busy or has a fault of its own',
    hint: 'The file is uploaded later by itself. If it stays so, ask whoever runs the store.',
  },
  no_room: {
    message: 'the object store has no room for it, or its quota is used up',
    hint: 'Ask whoever runs the store for more room. The file is uploaded later by itself.',
  },
  refused: {
    message: 'the object store refuses the file',
    hint: 'The log has its own word for why; ask whoever runs the store.',
  },
  file_unreadable: {
    message: 'a file that is to be uploaded cannot be read, or changes while it is read',
    hint: 'Check the disk of trail_dir; counterfoil trail verify says more.',
  },
  secret_unreadable: {
    message: 'the access key, the secret key or the authority file of the object store cannot be used',
    hint: 'Check that they are there and can be read by the gateway only (mode 0600).',
  },
} as const satisfies Readonly<Record<string, Words>>;

export type UploadFaultCode = keyof typeof UPLOAD_FAULTS;

/** `detail` is for the log: the other end's word, without anything of a record. */
export class UploadFault extends CodedFault<UploadFaultCode> {
  constructor(code: UploadFaultCode, detail: string, cause?: unknown) {
    super(UPLOAD_FAULTS[code].message, code, detail, cause);
    this.name = 'UploadFault';
  }
}

/** Words of S3 errors that say more than the status ("Error Responses", Amazon S3 API Reference). */
const BY_WORD: Readonly<Record<string, UploadFaultCode>> = {
  ObjectLockConfigurationNotFoundError: 'no_object_lock',
  NoSuchBucket: 'no_bucket',
  RequestTimeTooSkewed: 'clock_wrong',
  AuthorizationHeaderMalformed: 'wrong_region',
  PermanentRedirect: 'wrong_region',
  QuotaExceeded: 'no_room',
};

/** What a refusal means: the store's own word first, then the status. */
export function faultOfAnswer(status: number, word: string | null): UploadFault {
  const detail = word === null ? `HTTP ${status}` : `HTTP ${status} ${word}`;
  const said = word !== null && Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined;
  if (said !== undefined) return new UploadFault(said, detail);
  if (status === 401 || status === 403) return new UploadFault('credentials', detail);
  if (status >= 300 && status < 400) return new UploadFault('wrong_region', detail);
  if (status === 507) return new UploadFault('no_room', detail);
  if (status === 408 || status === 429 || status >= 500) return new UploadFault('store_busy', detail);
  return new UploadFault('refused', detail);
}

const TLS_CODE = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** What a connection that failed means. */
export function faultOfConnection(error: unknown): UploadFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = code === '' ? (error instanceof Error ? error.name : 'unknown') : code;
  return new UploadFault(TLS_CODE.test(code) ? 'certificate_wrong' : 'unreachable', detail, error);
}
