/** The roster file as it is written: its members, and one text for each that says what to write. Rules between them are in `roster.ts`. */
import { z } from 'zod';
import { oneLine, oneOf, text } from '../base/config/leaves.ts';
import { readInstant } from './instant.ts';

export const ROLES = ['pharmacist', 'reviewer'] as const;
/** `pharmacist` signs Schedule II records; `reviewer` signs what is decided about records that wait for a person. */
export type Role = (typeof ROLES)[number];

function instant() {
  const write = 'an RFC 3339 time that exists, with Z or an offset, such as 2026-11-22T09:03:00Z';
  return z.string({ error: write }).refine((value) => readInstant(value) !== null, { error: write });
}

const coordinate = text(/^[A-Za-z0-9_-]{43}$/, '32 bytes in base64url, 43 characters');

/** RFC 7517; RFC 8037 for Ed25519. Strict, so that a private key (`d`) cannot stand in the roster. */
const jwk = z.strictObject(
  {
    kty: oneOf(['OKP', 'EC']),
    crv: oneOf(['Ed25519', 'P-256']),
    x: coordinate,
    y: coordinate.optional(),
    kid: z.string({ error: 'the same as kid beside it, or leave it out' }).optional(),
    alg: oneOf(['EdDSA', 'ES256']).optional(),
    use: z.literal('sig', { error: 'sig, or leave it out' }).optional(),
  },
  { error: 'a public key as JWK: kty, crv, x, and y for P-256' },
);

const key = z.strictObject(
  {
    kid: text(/^[A-Za-z0-9._~-]{1,128}$/, '1 to 128 characters of A-Z a-z 0-9 . _ ~ -'),
    public_key: z.string({ error: 'a public key in PEM, from -----BEGIN PUBLIC KEY-----' }).optional(),
    jwk: jwk.optional(),
    valid_from: instant(),
    valid_until: instant(),
    revoked_at: instant().optional(),
    revoked_reason: oneLine('why the key was revoked, on one line').optional(),
  },
  { error: 'a key: kid, public_key or jwk, valid_from and valid_until' },
);

const person = z.strictObject(
  {
    name: oneLine("the person's name as it is to be printed"),
    npi: text(/^[0-9]{10}$/, 'the NPI as ten digits in quotes, such as "1234567893"').optional(),
    roles: z
      .array(oneOf(ROLES), { error: 'a list of pharmacist and reviewer, such as [pharmacist]' })
      .min(1, { error: 'at least one of pharmacist and reviewer' }),
    keys: z
      .array(key, { error: 'a list, each item with kid, public_key or jwk, valid_from and valid_until' })
      .min(1, { error: 'at least one key' }),
  },
  { error: 'a person: name, roles, keys, and npi for a pharmacist' },
);

const LIST_OF_PEOPLE = 'a list, each item with name, roles and keys';

export const rosterSchema = z.strictObject({
  people: z.array(person, { error: LIST_OF_PEOPLE }).min(1, { error: 'at least one person' }),
});

/** The file's own shape, snake_case. */
export type RosterTree = z.output<typeof rosterSchema>;
