/**
 * The two pharmacists of the simulated store. Their private keys stand here for everybody to read: they are for the
 * demonstration's own roster (`config/demo-roster.yaml`) and must never be in a store's.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type DetachedJws, signDetached } from '../../record/jws.ts';
import { readSchedule } from '../../record/schedule.ts';

export interface SimulatedSigner {
  readonly npi: string;
  readonly kid: string;
  readonly privateKey: KeyObject;
}

const signer = (npi: string, kid: string, jwk: Record<string, string> & { kty: string }): SimulatedSigner => ({
  npi,
  kid,
  privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
});

export const SIGNERS: readonly [SimulatedSigner, SimulatedSigner] = [
  signer('1000000012', 'demo-ada', {
    kty: 'OKP',
    crv: 'Ed25519',
    x: 'jWQCkMMYsqMM5wMzbB8vpvPI-XqKuozdY2WQry9vZN0',
    d: 'QY7UWdxiBPb_Do4Cf5YyY8xMy0Xuj_ZVQ4vdZD_fcx4',
  }),
  signer('1000000020', 'demo-ben', {
    kty: 'EC',
    crv: 'P-256',
    x: '0gz2iLZGuU2xJhgcwf_2ZhdMZ_XP7L0zysFbnxkqBj0',
    y: 'Dd_d88Tv8GkQrly7E4UPyWp1cDTU1l1dmDFYpvMFW1Y',
    d: '4egnGkt0XQXvcKGyiRKSFQefspphA8VryQfEHWtV4m0',
  }),
];

/** The `kid` a record is signed with: its pharmacist's for Schedule II (the first one's if the number is mistyped), else none. */
export function signerOf(record: Readonly<Record<string, unknown>>): string | null {
  if (readSchedule(record.schedule) !== 'II') return null;
  return (SIGNERS.find(({ npi }) => npi === record.pharmacist_npi) ?? SIGNERS[0]).kid;
}

/** Somebody else's `kid`. */
export function otherSigner(kid: string | null): string {
  const [first, second] = SIGNERS;
  return kid === first.kid ? second.kid : first.kid;
}

/** What signs as the holder of `kid`; null for nobody. */
export function signAs(kid: string | null): ((bytes: Buffer) => readonly DetachedJws[]) | null {
  const signing = SIGNERS.find((each) => each.kid === kid);
  return signing === undefined ? null : (bytes) => [signDetached(bytes, signing)];
}
