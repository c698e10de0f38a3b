/** Keys of `upload`: where copies of closed segments and archive files go that nobody can take back. */
import { z } from 'zod';
import { path, serverUrl, text, wholeNumber } from './leaves.ts';
import type { Problem } from './rules.ts';

export const upload = z.strictObject({
  url: serverUrl('https://s3.eu-central-1.amazonaws.com')
    .nullable()
    .default(null)
    .describe('An S3-compatible object store. null: nothing is uploaded. The bucket stands in the path.'),
  bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket such as store-trails (a-z, 0-9, ., -)')
    .nullable()
    .default(null)
    .describe('A bucket that was made with object lock; without one nothing is uploaded.'),
  region: text(/^[A-Za-z0-9-]{1,64}$/, 'a region such as us-east-1')
    .default('us-east-1')
    .describe('Region it is signed for.'),
  prefix: text(/^([A-Za-z0-9._-]+\/)*$/, 'nothing, or folders with a slash behind each, such as pharmacy/')
    .default('')
    .describe('Stands before every name, which goes on with {gateway.id}/{epoch}/.'),
  access_key_file: path('the file that holds the access key')
    .nullable()
    .default(null)
    .describe('Access key, mode 0600; or the credential "upload_access_key".'),
  secret_key_file: path('the file that holds the secret key')
    .nullable()
    .default(null)
    .describe('Secret key, mode 0600; or the credential "upload_secret_key". Both are read again at every pass.'),
  ca_file: path('the authority that signs the object store (PEM)')
    .nullable()
    .default(null)
    .describe('Authorities trusted for it in place of the built-in public ones, for https://.'),
  lock_years: wholeNumber(1, 100, 'years')
    .nullable()
    .default(null)
    .describe('How long what is uploaded stays locked (COMPLIANCE: nobody can shorten it). null: retention.years.'),
  max_kib_per_second: wholeNumber(16, 1_000_000, 'KiB a second')
    .default(512)
    .describe('Fastest pace; while records need the line or the processor it is slower.'),
});

/** Rules between its keys, each with the remedy. */
export function uploadProblems({ upload: given }: { readonly upload: z.output<typeof upload> }): Problem[] {
  if (given.url === null) {
    const text = 'has no effect without upload.url; write the address of the object store';
    return given.bucket === null ? [] : [{ path: ['upload', 'bucket'], text }];
  }
  const problems: Problem[] = [];
  if (given.bucket === null) {
    problems.push({ path: ['upload', 'bucket'], text: 'is missing; write the name of a bucket that has object lock' });
  }
  if (given.ca_file !== null && !given.url.startsWith('https:')) {
    problems.push({ path: ['upload', 'ca_file'], text: 'has no effect without TLS; write an https:// upload.url' });
  }
  if ((given.access_key_file === null) !== (given.secret_key_file === null)) {
    const key = given.access_key_file === null ? 'access_key_file' : 'secret_key_file';
    problems.push({ path: ['upload', key], text: 'is missing; access key and secret key belong together' });
  }
  return problems;
}
