/** Words of the API for logging in: what can be sent, and what comes back. */
import { z } from 'zod';
import { USER_ROLES } from '../../base/access.ts';
import { printedName } from '../schema.ts';

const short = z.string().max(1024);
const byPassword = z.strictObject({ user: short, password: short, code: short.nullable().default(null) });
const byCode = z.strictObject({ break_glass: short, printed_name: printedName });
export const logInBody = z.union([byPassword, byCode]);
export type LogInBody = z.infer<typeof logInBody>;

const roles = z.array(z.enum(USER_ROLES)).readonly();

/** Who is logged in. */
export const viewerSchema = z.object({
  user: z.string().nullable(),
  printed_name: z.string().nullable(),
  roles,
  /** Short public name of the session; not the token, which is in the cookie alone. */
  session: z.string().nullable(),
  /** What each changing request of this session carries in `X-CSRF-Token`. */
  csrf: z.string(),
  break_glass: z.boolean(),
});
export type WireViewer = z.infer<typeof viewerSchema>;

export const sessionListSchema = z.object({
  sessions: z.array(
    z.object({ id: z.string(), user: z.string().nullable(), roles, address: z.string(), since_utc: z.iso.datetime() }),
  ),
});
export type SessionList = z.infer<typeof sessionListSchema>;
