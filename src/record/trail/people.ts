/** Who may log in, who did, who tried. */
import { z } from 'zod';
import { USER_ROLES } from '../../base/access.ts';
import { code, digest, number, text, utcMs, word } from './words.ts';

const user = text(32);
const session = text(16);
const roles = z.array(z.enum(USER_ROLES)).max(USER_ROLES.length);
/** What the command line said about who calls it; not proved. */
const by = text(64).nullable();

export const PEOPLE_KINDS = {
  people: z
    .strictObject({ hash: digest, users: number })
    .describe(
      'At each start with named users: SHA-256 of `people.json`. Another one than after the last entry `user` says that the file was changed behind the gateway’s back.',
    ),
  user: z
    .strictObject({
      by,
      change: z.enum(['added', 'password', 'totp_on', 'totp_off', 'roles', 'disabled', 'enabled']),
      hash: digest,
      roles,
      user,
    })
    .describe(
      'A named user is about to be changed: roles as they will be, `hash` of `people.json` as it will be. `by` is the account at the command line, not proved.',
    ),
  login: z
    .strictObject({ address: text(64), session, user, way: z.enum(['password', 'password_totp', 'break_glass']) })
    .describe('Somebody has logged in.'),
  login_refused: z
    .strictObject({ address: text(64), count: number, reason: code, user: user.nullable() })
    .describe(
      'A log-in or a second signature was refused: the 1st, 2nd, 4th, 8th … in a row. A name that no user has is not repeated: it may be a password typed in the wrong place.',
    ),
  logout: z
    .strictObject({
      session,
      user,
      why: z.enum(['logged_out', 'idle', 'expired', 'ended', 'displaced', 'changed', 'stopped']),
    })
    .describe('A session has ended.'),
  break_glass: z
    .strictObject({ by: word.nullable(), change: z.enum(['sealed', 'used']), until_ms: utcMs.nullable() })
    .describe(
      'The emergency code was made, or used: `by` is then the name the person gave, not proved, `until_ms` when the access ends.',
    ),
} as const;
