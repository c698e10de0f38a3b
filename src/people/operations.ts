/** Users and sessions over the control socket: for the account the gateway runs as, and root. */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import { type Operations, operation } from '../base/socket/operations.ts';
import { withBreakGlass, withDisabled, withoutTotp, withPassword, withRoles, withTotp, withUser } from './changes.ts';
import { MOST_PASSWORD } from './password.ts';
import type { People } from './people.ts';
import { printedName, roleList, userName } from './schema.ts';
import { base32, totpUri } from './totp.ts';

/** The account at the command line, as it calls itself. */
const caller = z
  .string()
  .regex(/^[\w.@-]{1,64}$/)
  .nullable()
  .default(null);
const password = z.string().max(4 * MOST_PASSWORD);
const none = z.strictObject({});
const named = z.strictObject({ name: userName, caller });

export const userDone = z.object({ user: z.string() });
export const userListResult = z.object({
  users: z.array(
    z.object({
      name: z.string(),
      printed_name: z.string(),
      roles: z.array(z.string()),
      disabled: z.boolean(),
      second_factor: z.boolean(),
      created_at_utc: z.string(),
      password_set_at_utc: z.string(),
      key: z.string(),
    }),
  ),
  break_glass: z.object({ sealed_at_utc: z.string(), used_at_utc: z.string().nullable() }).nullable(),
});
export const sessionListResult = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      user: z.string(),
      printed_name: z.string(),
      roles: z.array(z.string()),
      address: z.string(),
      since_utc: z.string(),
      idle_seconds: z.number(),
    }),
  ),
});
export const totpResult = z.object({ user: z.string(), secret: z.string(), uri: z.string() });
export const breakGlassResult = z.object({ code: z.string() });
export const endedResult = z.object({ ended: z.int() });

/** `gatewayName` stands in the authenticator beside the user's name. */
export function userOperations(people: People, gatewayName: string, monotonicMs: () => number): Operations {
  return {
    'user.list': operation(none, () => listOf(people)),
    'user.add': operation(
      z.strictObject({ name: userName, printed_name: printedName, roles: roleList, password, caller }),
      async ({ name, printed_name, roles, password: secret, caller: by }) => {
        const user = { name, printedName: printed_name, roles, password: secret };
        await people.change({ user: name, change: 'added', by }, (file, parts) => withUser(file, user, parts));
        return { user: name };
      },
    ),
    'user.password': operation(named.extend({ password }), async ({ name, password: secret, caller: by }) => {
      await people.change({ user: name, change: 'password', by }, (file, parts) =>
        withPassword(file, name, secret, parts),
      );
      return { user: name };
    }),
    'user.totp': operation(named.extend({ password }), async ({ name, password: secret, caller: by }) => {
      let shown: Uint8Array = new Uint8Array();
      await people.change({ user: name, change: 'totp_on', by }, async (file, parts) => {
        const made = await withTotp(file, name, secret, parts);
        shown = made.secret;
        return made.people;
      });
      return { user: name, secret: base32(shown), uri: totpUri(shown, name, gatewayName) };
    }),
    'user.totp_off': operation(named, async ({ name, caller: by }) => {
      await people.change({ user: name, change: 'totp_off', by }, (file) => withoutTotp(file, name));
      return { user: name };
    }),
    'user.roles': operation(named.extend({ roles: roleList }), async ({ name, roles, caller: by }) => {
      await people.change({ user: name, change: 'roles', by }, (file) => withRoles(file, name, roles));
      return { user: name };
    }),
    'user.disable': operation(named.extend({ disabled: z.boolean() }), async ({ name, disabled, caller: by }) => {
      const change = disabled ? 'disabled' : 'enabled';
      await people.change({ user: name, change, by }, (file) => withDisabled(file, name, disabled));
      return { user: name };
    }),
    'user.sessions': operation(none, () => sessionsOf(people, monotonicMs())),
    'user.end': operation(z.strictObject({ session: z.string().max(16) }), ({ session }) => ({
      ended: people.sessions.end(({ id }) => id === session, 'ended'),
    })),
    'user.break_glass': operation(z.strictObject({ caller }), async ({ caller: by }) => {
      let code = '';
      await people.sealBreakGlass(by, async (file, parts) => {
        const made = await withBreakGlass(file, by, parts);
        code = made.code;
        return made.people;
      });
      return { code };
    }),
  };
}

function listOf(people: People): z.infer<typeof userListResult> {
  const users = people.users.map((user) => ({
    name: user.name,
    printed_name: user.printed_name,
    roles: user.roles,
    disabled: user.disabled,
    second_factor: user.totp !== null,
    created_at_utc: user.created_at_utc,
    password_set_at_utc: user.password.set_at_utc,
    key: user.keys.at(-1)?.kid ?? '',
  }));
  return { users, break_glass: people.breakGlassTimes() };
}

function sessionsOf(people: People, nowMs: number): z.infer<typeof sessionListResult> {
  const sessions = people.sessions.list().map((session) => ({
    id: session.id,
    user: session.user,
    printed_name: session.printedName,
    roles: [...session.roles],
    address: session.address,
    since_utc: toUtcText(session.sinceMs),
    idle_seconds: Math.max(0, Math.round((nowMs - session.lastSeenMs) / 1000)),
  }));
  return { sessions };
}
