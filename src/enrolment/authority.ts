/**
 * The store's own authority: made at the first start that needs it, kept in `{data_dir}/lanes`. Its private key is sealed
 * under the box key: whoever has the one from the recovery key has the other, and a copy of the folder is worth nothing. The
 * certificate is written last: if the power goes before, there is at most a key that has issued nothing, and the next start
 * makes both anew.
 */

import type { KeyObject } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CounterfoilError } from '../base/errors.ts';
import type { RandomBytes } from '../pki/enrolment-code.ts';
import { type Authority, issue, makeAuthority } from '../pki/issue.ts';
import { keyFromPem, keyToPem, makeKey } from '../pki/keys.ts';
import { type LanePaths, readOwn, replaceFile, unusable } from './files.ts';
import { openKey, sealKey } from './sealed-key.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;
/** Longer than a box lives: nothing but a new box or a stolen key should ever make a store enrol its tills again. */
const AUTHORITY_YEARS = 30;
/** Of the gateway's own certificate; it is made anew at each start and at half of this. */
const SERVER_MS = 825 * DAY_MS;
const BACKDATED_MS = 30 * DAY_MS;

/** @throws CounterfoilError `lanes_unusable` for files that do not belong together, `storage_io`, `storage_full`. */
export async function openAuthority(
  paths: LanePaths,
  about: {
    readonly gatewayId: string;
    readonly nowMs: number;
    readonly random: RandomBytes;
    readonly boxKey: Uint8Array;
  },
): Promise<Authority & { readonly isNew: boolean }> {
  const pem = readOwn(paths.certificate);
  if (pem !== null) return { ...readAuthority(pem, paths, about.boxKey), isNew: false };
  const validity = { fromMs: about.nowMs - BACKDATED_MS, untilMs: about.nowMs + AUTHORITY_YEARS * YEAR_MS };
  const name = `Lanes of ${about.gatewayId}`.slice(0, 64);
  const made = await makeAuthority(name, await makeKey('p256'), validity, about.random);
  await replaceFile(paths.key, sealKey(keyToPem(made.key), about.boxKey, about.random));
  await replaceFile(paths.certificate, made.certificate.toString());
  return { ...made, isNew: true };
}

function readAuthority(pem: string, paths: LanePaths, boxKey: Uint8Array): Authority {
  const sealed = readOwn(paths.key);
  if (sealed === null) throw unusable(`${paths.key} is missing beside ${paths.certificate}`);
  const keyPem = openKey(sealed, boxKey);
  if (keyPem === null) throw unusable(`${paths.key} is not sealed under this box key`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw unusable(`${paths.certificate} is no certificate (PEM)`, error);
  }
  const key = keyFromPem(keyPem, paths.key);
  if (!certificate.checkPrivateKey(key)) throw unusable(`${paths.key} is not the key of ${paths.certificate}`);
  return { certificate, key };
}

export interface ServerPair {
  /** PEM; the authority's certificate comes after it, so that a till that enrols sees both. */
  readonly cert: string;
  readonly key: string;
  /** UTC, when a new one is due. */
  readonly renewMs: number;
}

/** The gateway's own certificate, for its TLS listeners; its key is nowhere but in memory. */
export async function makeServerPair(
  authority: Authority,
  about: {
    readonly gatewayId: string;
    readonly names: readonly string[];
    readonly nowMs: number;
    readonly random: RandomBytes;
  },
): Promise<ServerPair> {
  const key: KeyObject = await makeKey('p256');
  const certificate = await issue(
    authority,
    {
      profile: 'server',
      name: about.gatewayId.slice(0, 64),
      publicKey: key,
      altNames: about.names,
      // Far back: a till whose clock is a few weeks behind must not take the gateway for a stranger.
      fromMs: about.nowMs - BACKDATED_MS,
      untilMs: about.nowMs + SERVER_MS,
    },
    about.random,
  );
  return {
    cert: certificate.toString() + authority.certificate.toString(),
    key: keyToPem(key),
    renewMs: about.nowMs + SERVER_MS / 2,
  };
}

/** Certificates of a PEM file. @throws CounterfoilError `config_unreadable` when it cannot be read or holds none. */
export function readAuthorities(path: string): X509Certificate[] {
  try {
    const blocks =
      readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error('there is no certificate in it');
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const hint = 'lane_ca_file is a PEM file with the certificates of the authority that issues those of the lanes.';
    throw new CounterfoilError('config_unreadable', `cannot use ${path}: ${said}`, hint, error);
  }
}
