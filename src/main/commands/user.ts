/** `counterfoil user`: who may log in, in which roles; their sessions; the emergency code. */
import { Command } from 'commander';
import { USER_ROLES } from '../../base/access.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { breakGlassResult, endedResult, totpResult, userDone } from '../../people/operations.ts';
import { callerName } from './caller.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { callPeople } from './user-call.ts';
import { listSessions, listUsers } from './user-list.ts';

interface UserFlags {
  readonly config?: string;
  readonly json?: true;
  readonly passwordFile?: string;
}

/** The `user` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function userCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  const user = new Command('user').description(
    'named users: who may log in, as what; their sessions; the emergency code',
  );
  const caller = callerName(io.env);
  const done = async (flags: UserFlags, op: string, params: Readonly<Record<string, unknown>>, said: string) => {
    const answer = await callPeople(flags, io, op, { ...params, caller }, userDone);
    io.write(flags.json === true ? `${JSON.stringify(answer)}\n` : `${said}\n`);
  };
  withPassword(sub(user, 'add', 'add a user; the password is asked for'))
    .argument('<name>', 'login name: a-z 0-9 . _ -')
    .requiredOption('--printed-name <text>', 'the name as it is printed and signed')
    .requiredOption('--role <role>', `may be repeated: ${USER_ROLES.join(', ')}`, collect)
    .action(async (name: string, flags: UserFlags & { printedName: string; role: string[] }) => {
      const password = await newPassword(flags, person);
      const params = { name, printed_name: flags.printedName, roles: flags.role, password };
      await done(flags, 'user.add', params, `${name} may log in as ${flags.role.join(', ')}`);
    });
  sub(user, 'list', 'list the users').action(async (flags: UserFlags) => await listUsers(flags, io));
  withPassword(sub(user, 'password', 'set a new password; the second factor goes with the old one'))
    .argument('<name>')
    .action(async (name: string, flags: UserFlags) => {
      const password = await newPassword(flags, person);
      await done(flags, 'user.password', { name, password }, `${name} has a new password and a new signing key`);
    });
  withPassword(sub(user, 'totp', 'put a second factor on; takes the person’s own password'))
    .argument('<name>')
    .option('--off', 'take it off instead')
    .action(async (name: string, flags: UserFlags & { off?: true }) => {
      if (flags.off === true) return await done(flags, 'user.totp_off', { name }, `${name} has no second factor now`);
      const password = await ownPassword(flags, person);
      const answer = await callPeople(flags, io, 'user.totp', { name, password, caller }, totpResult);
      io.write(flags.json === true ? `${JSON.stringify(answer)}\n` : totpText(answer));
    });
  sub(user, 'roles', 'give a user other roles')
    .argument('<name>')
    .requiredOption('--role <role>', `may be repeated: ${USER_ROLES.join(', ')}`, collect)
    .action(async (name: string, flags: UserFlags & { role: string[] }) => {
      await done(flags, 'user.roles', { name, roles: flags.role }, `${name} is ${flags.role.join(', ')} now`);
    });
  sub(user, 'disable', 'keep a user out; nothing of what they signed is lost')
    .argument('<name>')
    .option('--undo', 'let them in again')
    .action(async (name: string, flags: UserFlags & { undo?: true }) => {
      const disabled = flags.undo !== true;
      const said = disabled ? `${name} cannot log in any more` : `${name} may log in again`;
      await done(flags, 'user.disable', { name, disabled }, said);
    });
  sub(user, 'sessions', 'list who is logged in, or end a session')
    .option('--end <session>', 'end this one')
    .action(async (flags: UserFlags & { end?: string }) => {
      if (flags.end === undefined) return await listSessions(flags, io);
      const { ended } = await callPeople(flags, io, 'user.end', { session: flags.end }, endedResult);
      if (ended === 0) throw new CounterfoilError('usage', 'there is no such session', 'Look at the list first.');
      io.write(flags.json === true ? `${JSON.stringify({ ended })}\n` : `session ${flags.end} has ended\n`);
    });
  sub(user, 'break-glass', 'make the emergency code anew; put it into a sealed envelope')
    .addHelpText('after', GLASS_HELP)
    .action(async (flags: UserFlags) => {
      const answer = await callPeople(flags, io, 'user.break_glass', { caller }, breakGlassResult);
      io.write(flags.json === true ? `${JSON.stringify(answer)}\n` : `${answer.code}\n`);
      person.tell('It is shown this once. Write it down, seal it, and say where the envelope lies.\n');
    });
  return user;
}

const GLASS_HELP = `
Whoever has the code gets the roles it and compliance for people.break_glass_minutes, once, and signs nothing. Health warns
from then on until a new code has been made. The code before is good no more.`;

function sub(user: Command, name: string, about: string): Command {
  return user
    .command(name)
    .description(about)
    .option('--config <file>', 'the gateway’s configuration file')
    .option('--json', 'print the result as JSON');
}

function withPassword(command: Command): Command {
  return command.option('--password-file <file>', 'file with the password, not readable by others');
}

async function newPassword(flags: UserFlags, person: Person): Promise<string> {
  if (flags.passwordFile !== undefined) return readSecretFile(flags.passwordFile);
  const first = await ownPassword(flags, person);
  if ((await person.secret('Once more: ')) === first) return first;
  throw new CounterfoilError('usage', 'the two are not the same', 'Nothing was changed. Try again.');
}

async function ownPassword(flags: UserFlags, person: Person): Promise<string> {
  if (flags.passwordFile !== undefined) return readSecretFile(flags.passwordFile);
  if (person.isThere) return await person.secret('Password: ');
  throw new CounterfoilError('usage', 'there is nobody to ask for a password', 'Give it with --password-file.');
}

function totpText({ user, secret, uri }: { user: string; secret: string; uri: string }): string {
  const groups = secret.match(/.{1,4}/g)?.join(' ') ?? secret;
  return `Put this into the authenticator of ${user}; it is shown this once:\n  ${groups}\n  ${uri}\n`;
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  if (USER_ROLES.some((role) => role === text)) return [...before, text];
  throw new CounterfoilError('usage', `"${text}" is no role`, `Roles are ${USER_ROLES.join(', ')}.`);
}
