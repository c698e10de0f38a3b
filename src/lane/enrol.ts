/** Enrolling a till and renewing its certificate: key, request, call, and the folder it all ends in. */
import { hash, X509Certificate } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import { keyFromPem, keyToPem, makeKey, publicDer } from '../pki/keys.ts';
import { makeRequest } from '../pki/request.ts';
import { ask, type EnrolAnswer, seeAuthority } from './enrol-call.ts';
import { type Enrolled, pendingKey, readEnrolled, writeEnrolled } from './enrolled.ts';

/** A code as a person has it, and the part of it that names the authority. */
export interface Invitation {
  readonly url: string;
  readonly code: string;
  /** First bytes of SHA-256 of the authority's certificate. */
  readonly authority: Uint8Array;
}

/** Makes a till a lane of its gateway. @throws CounterfoilError `gateway_unreachable`, `enrolment_refused`, `usage`. */
export async function enrol(folder: string, { url, code, authority: prefix }: Invitation): Promise<Enrolled> {
  const target = enrolUrl(url, '/enroll');
  const authority = await seeAuthority(target, prefix);
  const key = pendingKey(folder, keyToPem(await makeKey('p256')));
  const request = await makeRequest('lane', keyFromPem(key, folder));
  const answer = await ask(target, authority, { code, request }, null);
  const enrolled = enrolledOf(target, authority, key, answer);
  writeEnrolled(folder, enrolled);
  return enrolled;
}

/** Renews what is in the folder, with a new key. @throws CounterfoilError as `enrol`; the old one stays then. */
export async function renew(folder: string): Promise<Enrolled> {
  const old = readEnrolled(folder);
  const target = enrolUrl(old.about.enroll_url, '/enroll/renew');
  const key = pendingKey(folder, keyToPem(await makeKey('p256')));
  const request = await makeRequest('lane', keyFromPem(key, folder));
  const answer = await ask(target, old.authority, { request }, old);
  const enrolled = { ...enrolledOf(target, old.authority, key, answer), about: old.about };
  writeEnrolled(folder, enrolled);
  return enrolled;
}

/** Throws `usage` for what is no https:// address. */
function enrolUrl(text: string, path: string): URL {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:') {
    throw new CounterfoilError('usage', 'that is no address of a gateway', 'Write it like https://192.0.2.7:8884.');
  }
  return new URL(path, url);
}

/** What came back has to be for our key and by the authority we know, or it is not kept. */
function enrolledOf(url: URL, authority: string, key: string, answer: EnrolAnswer): Enrolled {
  const certificate = certificateOf(answer.certificate);
  const issuer = new X509Certificate(authority);
  const isOurs = certificate?.publicKey
    .export({ format: 'der', type: 'spki' })
    .equals(publicDer(keyFromPem(key, 'key')));
  if (certificate === null || isOurs !== true || !certificate.verify(issuer.publicKey)) {
    throw new CounterfoilError(
      'enrolment_refused',
      'what the gateway has answered is no certificate for this till',
      'Nothing was kept. Use the same version on both sides, and ask for a new code.',
    );
  }
  const [port = 8883] = answer.mqtt_ports;
  const about = {
    store: answer.store,
    lane: answer.lane,
    gateway_id: answer.gateway_id,
    mqtt_url: `mqtts://${url.hostname}:${port}`,
    enroll_url: url.origin,
  };
  return { about, key, certificate: certificate.toString(), authority };
}

function certificateOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** By what a certificate is known in lists and trail: SHA-256 of it, hex. */
export function certificateHash(pem: string): string {
  return hash('sha256', new X509Certificate(pem).raw, 'hex');
}
