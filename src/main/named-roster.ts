/** Who may sign acts of review: people of the roster with keys of their own, and named users with the key their password opens. */
import { createPublicKey } from 'node:crypto';
import type { StoredUser } from '../people/schema.ts';
import { readInstant } from '../record/instant.ts';
import { KeyRoster, type Roster } from '../record/roster.ts';
import type { RosterKey, RosterPerson } from '../record/roster-entry.ts';
import type { Role } from '../record/roster-schema.ts';

/** Both together; the roster alone where no user is defined. Only for acts of review: a till's records are signed by the roster's keys. */
export function rosterWithUsers(roster: Roster | null, users: readonly StoredUser[]): Roster | null {
  return users.length === 0 ? roster : new KeyRoster([...users.map(personOf), ...(roster?.people ?? [])]);
}

function personOf(user: StoredUser): RosterPerson {
  const keys = user.keys.map(
    ({ kid, public_key, from_utc, until_utc }): RosterKey => ({
      kid,
      alg: 'EdDSA',
      publicKey: createPublicKey({ key: Buffer.from(public_key, 'base64'), format: 'der', type: 'spki' }),
      validFromMs: readInstant(from_utc)?.utcMs ?? Number.POSITIVE_INFINITY,
      validUntilMs: until_utc === null ? Number.POSITIVE_INFINITY : (readInstant(until_utc)?.utcMs ?? 0),
      revokedAtMs: user.disabled ? 0 : null,
      revokedReason: user.disabled ? 'the user is disabled' : null,
    }),
  );
  return { printedName: user.printed_name, npi: null, roles: rolesOf(user), keys };
}

/** `compliance` ends what waits, as the roster's `reviewer` does; a pharmacist may release. */
function rolesOf({ roles }: StoredUser): Role[] {
  return [
    ...(roles.includes('compliance') ? (['reviewer'] as const) : []),
    ...(roles.includes('pharmacist') ? (['pharmacist'] as const) : []),
  ];
}
