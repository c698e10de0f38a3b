/**
 * The key this box signs reports with: files or a token that the configuration names, or a key of its own, made when the first report is. A
 * key and its certificates get their place together, by the rename of a folder: if the power goes before, there is none, and
 * the next report makes one; if two processes make one at once, the second takes what the first has put there.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSecretFile } from '../../base/config/secrets.ts';
import { syncDirectory, writeDurably } from '../../base/durable.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { type IssueFor, issueReportKey } from './authority.ts';
import { openReportKey, type ReportKey } from './report-key.ts';
import { openTokenKey, type TokenPlace } from './token-key.ts';

const KEY_FILE = 'key.pem';
/** The signer's certificate and its root: no secret in it. */
export const CERTIFICATES_FILE = 'certificates.pem';

export interface KeyFiles {
  readonly keyFile: string;
  readonly certificatesFile: string;
}

/** @throws CounterfoilError `config_unreadable` and `config_invalid` with what is wrong with the files. */
export function openKeyFiles({ keyFile, certificatesFile }: KeyFiles): ReportKey {
  return openReportKey(readSecretFile(keyFile), readPem(certificatesFile));
}

/** A key in a PKCS #11 token, with certificates in a file. @throws CounterfoilError as `openTokenKey`. */
export function openToken(place: TokenPlace, certificatesFile: string): ReportKey {
  return openTokenKey(place, readPem(certificatesFile));
}

/** The box's own key in `folder`, made if there is none. @throws CounterfoilError when it can be neither read nor made. */
export async function openOwnKey(folder: string, about: IssueFor): Promise<ReportKey> {
  if (!existsSync(folder)) await makeOwnKey(folder, about);
  return openKeyFiles({ keyFile: join(folder, KEY_FILE), certificatesFile: join(folder, CERTIFICATES_FILE) });
}

async function makeOwnKey(folder: string, about: IssueFor): Promise<void> {
  const { keyPem, certificatesPem } = await issueReportKey(about);
  const draft = `${folder}.${Buffer.from(about.random(8)).toString('hex')}`;
  try {
    mkdirSync(draft, { recursive: true, mode: 0o700 });
    for (const [name, text] of [
      [KEY_FILE, keyPem],
      [CERTIFICATES_FILE, certificatesPem],
    ] as const) {
      writeDurably(join(draft, name), text);
    }
    syncDirectory(draft);
    renameSync(draft, folder);
    syncDirectory(dirname(folder));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(folder)) return; // another process was faster
    throw new CounterfoilError(
      'storage_io',
      `the key for signing reports cannot be kept: ${messageOf(error)}`,
      'Check that the data directory can be written to and has space.',
      error,
    );
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const hint = 'Check the path and that this user may read it.';
    throw new CounterfoilError('config_unreadable', `cannot read ${path}: ${messageOf(error)}`, hint, error);
  }
}
