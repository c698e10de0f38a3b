/**
 * First verification of a Schedule II record: who has signed it. Every element of `signatures` is a JWS of the same
 * bytes, the RFC 8785 form of the record as sent without `signatures`, so a signature never fits another record (the key
 * is in those bytes) and several people sign the same thing. Doubt never refuses: what is wrong becomes a flag, and a
 * note that tells the lane's developer what to send.
 *
 * The time of signing is only the lane's word, so a key must also be good when the record arrives: whoever took a key
 * that is revoked or has ended could write any date. An honest record that was late comes before a person, and is not lost.
 *
 * Cost on the thread that talks to lanes, on top of the check itself (12 us): 115 us for an EdDSA signature, 80 us for
 * ES256, 5 us for a key that nobody has; at most 8 signatures (`bench/record.ts`, one core of a small machine).
 */
import { canonicalBytes } from './canonical.ts';
import { readInstant } from './instant.ts';
import { type DetachedJws, readJws, verifyDetached } from './jws.ts';
import { asSent } from './normalise.ts';
import type { Roster, SignerFault } from './roster.ts';
import type { RosterPerson } from './roster-entry.ts';
import type { Note } from './types.ts';

/** What the judge sees of a Schedule II record. */
export interface SignedRecord {
  /** `signatures` as sent; empty when left out. */
  readonly signatures: readonly object[];
  /** The bytes that are to be signed; made when asked for. */
  readonly signedBytes: () => Uint8Array;
  readonly pharmacistNpi: string;
  /** The lane's word, in ms since 1970-01-01T00:00:00Z. */
  readonly dispensedAtMs: number;
  /** The gateway's clock; null when it cannot be trusted, then the lane's time alone decides. */
  readonly receivedAtMs: number | null;
}

export const SIGNATURE_FLAGS = ['signature_missing', 'signature_invalid', 'second_signature_missing'] as const;
export type SignatureFlag = (typeof SIGNATURE_FLAGS)[number];

export interface SignatureVerdict {
  readonly flags: readonly SignatureFlag[];
  /** One for each thing that is wrong; `code` is one of the flags. */
  readonly notes: readonly Note[];
}

export type SignatureJudge = (record: SignedRecord) => SignatureVerdict;

type Fault = SignerFault | 'malformed' | 'false' | 'not_dispenser';

/** What the lane is told. Nobody's name or number is in it. */
const NOTES: Readonly<Record<Fault, string>> = {
  malformed:
    'a signature is none: send {"protected","signature"} of a JWS with alg EdDSA or ES256 and kid in its header and nothing else',
  unknown_key: "a signature's kid is not on the store's roster: add the key there, or sign with one that is",
  wrong_role: "a signature's key belongs to somebody who may not sign records: correct the roster's roles",
  not_yet_valid: "a signature's key is not valid yet on the store's roster: sign with one that is",
  expired: "a signature's key has ended on the store's roster: sign with one that is valid",
  revoked: "a signature's key is revoked on the store's roster: sign with another one",
  false: 'a signature is not over this record: sign the RFC 8785 form of the record as it is sent, without signatures',
  not_dispenser: 'no signature is by the pharmacist in pharmacist_npi: the one who dispenses signs',
};
const MISSING = 'the record is not signed: send signatures with one by the pharmacist in pharmacist_npi';
const SECOND_MISSING = 'no second person has signed: send a signature by somebody else on the roster too';

/** Judges by a roster; without one nobody's key is known. `secondSigner`: whether the store asks for a second person. */
export function judgeSignatures(record: SignedRecord, roster: Roster | null, secondSigner: boolean): SignatureVerdict {
  const { signers, faults } = readSigners(record, roster);
  const first = signers.find(({ npi, roles }) => npi === record.pharmacistNpi && roles.includes('pharmacist'));
  const notes: Note[] = [];
  if (record.signatures.length === 0) {
    notes.push(note('signature_missing', MISSING));
  } else {
    // One that is wrong is said even beside a good one: nobody's name is put under a record unseen.
    if (first === undefined && faults.size === 0) faults.add('not_dispenser');
    for (const fault of faults) notes.push(note('signature_invalid', NOTES[fault]));
  }
  if (secondSigner && !signers.some((person) => person !== first)) {
    notes.push(note('second_signature_missing', SECOND_MISSING));
  }
  return { flags: SIGNATURE_FLAGS.filter((flag) => notes.some(({ code }) => code === flag)), notes };
}

function note(code: SignatureFlag, message: string): Note {
  return { code, field: 'signatures', message };
}

/** The people whose signature is good, and everything that is wrong with the others. */
function readSigners(record: SignedRecord, roster: Roster | null) {
  const { dispensedAtMs, receivedAtMs } = record;
  const times = receivedAtMs === null ? [dispensedAtMs] : [dispensedAtMs, receivedAtMs];
  const signers: RosterPerson[] = [];
  const faults = new Set<Fault>();
  let bytes: Uint8Array | null = null;
  for (const element of record.signatures) {
    const jws = readElement(element);
    const answer = jws === null ? null : (roster?.signer(jws.kid, null, times) ?? UNKNOWN_KEY);
    if (jws === null || answer === null) faults.add('malformed');
    else if (!answer.ok) faults.add(answer.fault);
    else {
      bytes ??= record.signedBytes();
      if (verifyDetached(jws, bytes, answer.key.publicKey)) signers.push(answer.person);
      else faults.add('false');
    }
  }
  return { signers, faults };
}

const UNKNOWN_KEY = { ok: false, fault: 'unknown_key' } as const;

/** Two members and nothing else: an unprotected header could say what nobody signed. */
function readElement(element: object) {
  const { protected: header, signature, ...more } = element as Partial<DetachedJws>;
  if (typeof header !== 'string' || typeof signature !== 'string' || Object.keys(more).length > 0) return null;
  return readJws({ protected: header, signature });
}

/**
 * `kid` of every signature on a stored Schedule II record that is over this record and by a key that was good when it was
 * dispensed, by the roster in force now. For what is written about a record later; whether it may go was decided when it
 * came. `payload` are stored bytes.
 */
export function signersOf(payload: Buffer, roster: Roster | null): string[] {
  const { signatures, ...rest } = JSON.parse(asSent(payload).toString('utf8')) as Record<string, unknown>;
  const dispensedAt = typeof rest.dispensed_at_utc === 'string' ? readInstant(rest.dispensed_at_utc) : null;
  if (roster === null || dispensedAt === null || !Array.isArray(signatures)) return [];
  const bytes = canonicalBytes(rest);
  return signatures.flatMap((element: unknown) => {
    const jws = typeof element === 'object' && element !== null ? readElement(element) : null;
    const answer = jws === null ? null : roster.signer(jws.kid, null, [dispensedAt.utcMs]);
    return jws !== null && answer?.ok && verifyDetached(jws, bytes, answer.key.publicKey) ? [jws.kid] : [];
  });
}
