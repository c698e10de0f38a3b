/**
 * An authority for one signature: it issues the certificate of this box's report key and its own key is forgotten at once,
 * so nobody can ever issue another one in its name. Officers keep its certificate; whoever has it can check every report of
 * the box, and a box that makes a new key is a new authority, which they are told of.
 */
import { issue, makeAuthority, type RandomBytes } from '../../pki/issue.ts';
import { keyToPem, makeKey } from '../../pki/keys.ts';

/** Reports are kept for years; what was signed while it was valid stays so. */
const VALID_MS = 10 * 365.25 * 86_400_000;
/** Longest common name (RFC 5280, ub-common-name). */
const MOST_CHARACTERS = 64;

export interface Issued {
  /** PKCS #8, PEM. */
  readonly keyPem: string;
  /** The signer's certificate, then its root. */
  readonly certificatesPem: string;
}

export interface IssueFor {
  readonly gatewayId: string;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

export async function issueReportKey({ gatewayId, nowMs, random }: IssueFor): Promise<Issued> {
  const validity = { fromMs: nowMs, untilMs: nowMs + VALID_MS };
  const rootName = `Root of reports of ${gatewayId}`.slice(0, MOST_CHARACTERS);
  const root = await makeAuthority(rootName, await makeKey('p256'), validity, random);
  const key = await makeKey('rsa3072');
  const name = `Reports of ${gatewayId}`.slice(0, MOST_CHARACTERS);
  const leaf = await issue(root, { profile: 'reports', name, publicKey: key, ...validity }, random);
  return { keyPem: keyToPem(key), certificatesPem: `${leaf}${root.certificate}` };
}
