/**
 * What an enrolled till keeps, in a folder of its own: `lane.pem` (private key and certificate in one file, so that a renewal
 * changes both at once), `authority.pem` (whom it trusts to be the gateway) and `lane.json` (who and where). Everything is
 * written beside, synced and renamed. If the power goes during an enrolment, `pending.pem` holds the key that was asked
 * with: the same code asked again with it gets the same certificate.
 */

import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readSecretFile } from '../base/config/secrets.ts';
import { replaceDurably } from '../base/durable.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { fromPem, toPem } from '../pki/pem.ts';
import type { LaneCredentials } from './session.ts';

const aboutSchema = z.object({
  store: z.string(),
  lane: z.string(),
  gateway_id: z.string(),
  mqtt_url: z.string(),
  enroll_url: z.string(),
});
export type EnrolledAbout = z.infer<typeof aboutSchema>;

export interface Enrolled {
  readonly about: EnrolledAbout;
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

const paths = (folder: string) => ({
  identity: join(folder, 'lane.pem'),
  authority: join(folder, 'authority.pem'),
  about: join(folder, 'lane.json'),
  pending: join(folder, 'pending.pem'),
});

export function isEnrolled(folder: string): boolean {
  return existsSync(paths(folder).identity);
}

/** @throws CounterfoilError `config_unreadable` for a folder that is none of an enrolled lane. */
export function readEnrolled(folder: string): Enrolled {
  const { identity, authority, about } = paths(folder);
  const pem = readSecretFile(identity);
  try {
    const [certificate] = fromPem('CERTIFICATE', pem);
    const [key] = fromPem('PRIVATE KEY', pem);
    if (certificate === undefined || key === undefined) throw new Error(`${identity} lacks key or certificate`);
    return {
      about: aboutSchema.parse(JSON.parse(readFileSync(about, 'utf8'))),
      key: toPem('PRIVATE KEY', key),
      certificate: toPem('CERTIFICATE', certificate),
      authority: readFileSync(authority, 'utf8'),
    };
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `${folder} is not the folder of an enrolled lane: ${messageOf(error)}`,
      'Enrol it: counterfoil lane join --url https://GATEWAY:8884 --code CODE --identity FOLDER.',
      error,
    );
  }
}

/** As a session shows them. The gateway is known by its authority, whatever name or address it is reached by. */
export function credentialsOf({ key, certificate, authority }: Enrolled): LaneCredentials {
  return { key: Buffer.from(key), cert: Buffer.from(certificate), ca: Buffer.from(authority), isPinned: true };
}

/** UTC when a lane should renew: after two thirds of its certificate's life. */
export function renewalMs(certificatePem: string): number {
  const { validFromDate: from, validToDate: until } = new X509Certificate(certificatePem);
  return from.getTime() + ((until.getTime() - from.getTime()) * 2) / 3;
}

/** The key (PEM) to ask with: the one of an enrolment that was cut short, or `fresh`. */
export function pendingKey(folder: string, fresh: string): string {
  const { pending } = paths(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(pending)) return readSecretFile(pending);
  replaceDurably(pending, fresh);
  return fresh;
}

/** Writes a new identity; resolved once it would survive a power cut. What is about the gateway is written first. */
export function writeEnrolled(folder: string, { about, key, certificate, authority }: Enrolled): void {
  const to = paths(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceDurably(to.authority, authority);
  replaceDurably(to.about, `${JSON.stringify(about, null, 1)}\n`);
  replaceDurably(to.identity, key + certificate);
  rmSync(to.pending, { force: true });
}
