/** Users and sessions as tables for a terminal. */
import { sessionListResult, userListResult } from '../../people/operations.ts';
import type { CommandIo } from './io.ts';
import { callPeople } from './user-call.ts';

interface ListFlags {
  readonly config?: string;
  readonly json?: true;
}

export async function listUsers(flags: ListFlags, io: CommandIo): Promise<void> {
  const answer = await callPeople(flags, io, 'user.list', {}, userListResult);
  if (flags.json === true) {
    io.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const rows = answer.users.map((user) => [
    user.name,
    user.roles.join(','),
    user.second_factor ? 'yes' : 'no',
    user.password_set_at_utc.slice(0, 10),
    user.disabled ? 'disabled' : 'active',
    user.printed_name,
  ]);
  io.write(
    rows.length === 0
      ? 'no user is defined\n'
      : table([['name', 'roles', 'totp', 'password', 'state', 'printed name'], ...rows]),
  );
  io.write(`emergency code: ${glassText(answer.break_glass)}\n`);
}

export async function listSessions(flags: ListFlags, io: CommandIo): Promise<void> {
  const answer = await callPeople(flags, io, 'user.sessions', {}, sessionListResult);
  if (flags.json === true) {
    io.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const rows = answer.sessions.map((session) => [
    session.id,
    session.user,
    session.roles.join(','),
    session.address,
    session.since_utc.slice(0, 19).replace('T', ' '),
    `${session.idle_seconds} s`,
  ]);
  io.write(
    rows.length === 0
      ? 'nobody is logged in\n'
      : table([['session', 'user', 'roles', 'from', 'since (UTC)', 'idle'], ...rows]),
  );
}

function glassText(glass: { sealed_at_utc: string; used_at_utc: string | null } | null): string {
  if (glass === null) return 'none; "counterfoil user break-glass" makes one';
  const { sealed_at_utc: sealed, used_at_utc: used } = glass;
  return used === null ? `sealed ${sealed.slice(0, 10)}` : `USED ${used}; make a new one: counterfoil user break-glass`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
