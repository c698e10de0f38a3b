/**
 * `people.json`: who may log in, as it lies in data_dir. Nothing in it opens anything by itself: a password is there as an
 * argon2id verifier, and what belongs to the person (TOTP secret, signing key) is sealed under a key derived from the password.
 */
import { z } from 'zod';
import { USER_ROLES } from '../base/access.ts';

/** Login name: what trail entries, logs and screens call a person. */
export const userName = z.string().regex(/^[a-z][a-z0-9._-]{0,31}$/);
/** As in a signed statement: one line without control or format characters. */
export const printedName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{C}+$/u);
export const roleList = z
  .array(z.enum(USER_ROLES))
  .min(1)
  .refine((roles) => new Set(roles).size === roles.length);

const utc = z.iso.datetime({ precision: 3 });
const count = z.int().min(1);

const passwordSchema = z.strictObject({
  /** RFC 9106: memory in KiB and passes, kept with each password so that later ones can cost more. */
  memory_kib: count.max(1024 * 1024),
  passes: count.max(64),
  salt: z.base64(),
  /** HKDF of the argon2id tag, not the tag: the same tag gives the sealing key. */
  verifier: z.base64(),
  set_at_utc: utc,
});
export type StoredPassword = z.infer<typeof passwordSchema>;

const keySchema = z.strictObject({
  kid: z.string().regex(/^user-[a-z0-9._-]+-\d+$/),
  /** Ed25519 public key, SPKI DER. */
  public_key: z.base64(),
  from_utc: utc,
  /** Null: in use. */
  until_utc: utc.nullable(),
});

const userSchema = z.strictObject({
  name: userName,
  printed_name: printedName,
  roles: roleList,
  disabled: z.boolean(),
  created_at_utc: utc,
  password: passwordSchema,
  /** Sealed TOTP secret; null: no second factor. */
  totp: z.base64().nullable(),
  /** Sealed private key of the last of `keys`. */
  signing_key: z.base64(),
  /** Every key this person has signed with, oldest first, so that old signatures can be checked. */
  keys: z.array(keySchema).min(1),
});
export type StoredUser = z.infer<typeof userSchema>;

const breakGlassSchema = z.strictObject({
  salt: z.base64(),
  verifier: z.base64(),
  sealed_at_utc: utc,
  sealed_by: z.string().max(64).nullable(),
  /** Null: the envelope is whole. */
  used_at_utc: utc.nullable(),
});

export const peopleFileSchema = z.strictObject({
  people: z.literal(1),
  users: z.array(userSchema).max(200),
  break_glass: breakGlassSchema.nullable(),
});
export type PeopleFile = z.infer<typeof peopleFileSchema>;

export const NO_PEOPLE: PeopleFile = { people: 1, users: [], break_glass: null };
