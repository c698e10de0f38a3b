/**
 * How a connection shows which lane it is. Who is let in is decided elsewhere (main passes the port in); here it is only
 * asked, remembered for the connection, and written on its records.
 */
import type { X509Certificate } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import type { Flag } from '../record/types.ts';

/** A TLS listener's files, as configured; null: not set. */
export interface ListenerFiles {
  readonly url: string;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly laneCaFile: string | null;
}

export interface TlsMaterial {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Who may issue certificates for lanes. */
  readonly authorities: readonly X509Certificate[];
}

/** What a connection has shown. `dates` other than `valid`: let in by the rule of grace. */
export interface LaneProof {
  readonly lane: string;
  readonly way: 'certificate' | 'password';
  readonly certificate: X509Certificate | null;
  readonly dates: 'valid' | 'expired' | 'not_yet_valid';
}

export type ProofVerdict =
  | { readonly ok: true; readonly proof: LaneProof }
  | { readonly ok: false; readonly reason: string };

export interface ClientCertificate {
  readonly leaf: X509Certificate;
  /** What else the client has sent. */
  readonly sent: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  /** What the TLS library has to say against it; null: nothing. */
  readonly tlsError: string | null;
}

export interface IdentityPort {
  /** @throws CounterfoilError when there is no certificate for this listener. */
  tls(listener: ListenerFiles): TlsMaterial;
  byCertificate(certificate: ClientCertificate, address: string): ProofVerdict;
  byPassword(name: string, password: Buffer, address: string): Promise<ProofVerdict>;
  /** A TLS client without certificate may go on to show a password. */
  readonly hasPasswords: boolean;
  /** Whether a connection that shows nothing may be this lane. */
  mayBeUnproved(lane: string, address: string): boolean;
  /** A connection with a proof is in. */
  onKnown(proof: LaneProof, address: string): void;
  /** A lane is at work from two addresses at once. */
  onTwice(lane: string, address: string, other: string): void;
}

/** Nobody has proofs: a plain listener, where a connection is the lane whose topic it uses first. */
export const NO_IDENTITY: IdentityPort = {
  tls: ({ url }) => {
    throw new CounterfoilError(
      'config_invalid',
      `there is no certificate for ${url}`,
      'Write cert_file, key_file and lane_ca_file.',
    );
  },
  byCertificate: () => ({ ok: false, reason: 'foreign' }),
  byPassword: async () => ({ ok: false, reason: 'password' }),
  hasPasswords: false,
  mayBeUnproved: () => true,
  onKnown() {},
  onTwice() {},
};

/** What a record says about how its lane was known; nothing when all is well. */
export function flagsOf(proof: LaneProof | null): readonly Flag[] {
  if (proof === null || proof.dates === 'valid') return [];
  return [proof.dates === 'expired' ? 'lane_certificate_expired' : 'lane_certificate_not_yet_valid'];
}
