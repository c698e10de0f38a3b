/**
 * A till asks its gateway for a certificate. Before anything is sent, the gateway has to show the authority whose fingerprint
 * stands in the code, and a certificate of it: whoever is between the two sees neither code nor request.
 */
import { hash, type X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { z } from 'zod';
import { CounterfoilError, messageOf } from '../base/errors.ts';

const TIMEOUT_MS = 15_000;
const ANSWER_BYTES = 64 * 1024;

const answerSchema = z.object({
  lane: z.string(),
  certificate: z.string(),
  authority: z.string(),
  store: z.string(),
  gateway_id: z.string(),
  mqtt_ports: z.array(z.int()),
});
export type EnrolAnswer = z.infer<typeof answerSchema>;

const refusalSchema = z.object({ fault: z.string(), message: z.string() });

export interface ClientPair {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
}

/** The authority a gateway shows, if its fingerprint begins with `prefix`. @throws CounterfoilError. */
export async function seeAuthority(url: URL, prefix: Uint8Array): Promise<string> {
  const socket = await handshake(url);
  try {
    const found = chainOf(socket).find((certificate) =>
      hash('sha256', certificate.raw, 'buffer').subarray(0, prefix.length).equals(prefix),
    );
    if (found !== undefined) return found.toString();
  } finally {
    socket.destroy();
  }
  throw new CounterfoilError(
    'enrolment_refused',
    `what answers at ${url.host} is not the gateway this code is from`,
    'Check the address. If it is right, somebody is between this till and the gateway: tell the IT of the store.',
  );
}

/**
 * Posts to a gateway that has a server certificate of `authority` (PEM), whatever it is called.
 * @throws CounterfoilError `gateway_unreachable`, `enrolment_refused` with the gateway's own words.
 */
export async function ask(url: URL, authority: string, body: object, client: ClientPair | null): Promise<EnrolAnswer> {
  const { status, text } = await post(url, authority, JSON.stringify(body), client);
  const value = parsed(text);
  if (status === 201) {
    const answer = answerSchema.safeParse(value);
    if (answer.success) return answer.data;
  }
  const refusal = refusalSchema.safeParse(value);
  const said = refusal.success ? refusal.data.message.slice(0, 300) : `an answer we do not understand (${status})`;
  throw new CounterfoilError('enrolment_refused', `the gateway at ${url.host} refuses: ${said}`, 'Its log says more.');
}

function handshake(url: URL): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Not verified by TLS: this connection carries nothing, and the fingerprint decides.
    const socket = connect({ host: bare(url), port: portOf(url), rejectUnauthorized: false, timeout: TIMEOUT_MS }, () =>
      resolve(socket),
    );
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', (error) => reject(unreachable(url, error)));
  });
}

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < 4) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function post(
  url: URL,
  authority: string,
  body: string,
  client: ClientPair | null,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: bare(url),
        port: portOf(url),
        path: url.pathname,
        method: 'POST',
        ca: authority,
        ...(client === null ? {} : { key: client.key, cert: client.certificate }),
        // Its authority issues server certificates to this gateway alone.
        checkServerIdentity: () => undefined,
        agent: false,
        timeout: TIMEOUT_MS,
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES) response.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.once('error', (error) => reject(unreachable(url, error)));
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => reject(unreachable(url, error)));
    request.end(body);
  });
}

const bare = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const portOf = (url: URL): number => Number(url.port === '' ? 443 : url.port);

function unreachable(url: URL, error: unknown): CounterfoilError {
  return new CounterfoilError(
    'gateway_unreachable',
    `no enrolment at ${url.host}: ${messageOf(error).split('\n', 1).join()}`,
    'Check the address and that the gateway runs; it listens for tills on port 8884 unless lanes.enroll_url says otherwise.',
    error,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
