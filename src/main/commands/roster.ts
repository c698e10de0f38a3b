/** `counterfoil roster`: make a person's signing key, and check who may sign. */
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { ROLES, type Role } from '../../record/roster-schema.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { checkRoster } from './roster-check.ts';
import { type KeygenFlags, keygen } from './roster-keygen.ts';

/** The `roster` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function rosterCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  const roster = new Command('roster').description('who may sign: make keys, check the roster file');
  roster
    .command('keygen')
    .description("make a person's key pair; prints the roster entry to paste")
    .requiredOption('--name <name>', "the person's name as it is to be printed")
    .requiredOption('--out <file>', 'where to write the private key (PEM, mode 0600); never overwrites')
    .option('--npi <number>', "the person's NPI; a pharmacist needs one")
    .option('--role <role>', 'pharmacist or reviewer; may be repeated (default: pharmacist)', addRole, [])
    .option('--kid <name>', 'name of the key in signatures (default: from its RFC 7638 thumbprint)')
    .option('--alg <alg>', 'EdDSA (Ed25519) or ES256 (P-256)', alg, 'EdDSA')
    .option('--days <number>', 'how long the key is valid from now on', days, 365)
    .option('--passphrase-file <file>', 'encrypt the private key with the passphrase in this file')
    .option('--passphrase', 'ask for a passphrase and encrypt the private key with it')
    .option('--json', 'print the entry as JSON')
    .addHelpText('after', KEYGEN_HELP)
    .action(async (flags: KeygenFlags) => await keygen(flags, { io, person, clock: systemClock }));
  roster
    .command('check')
    .description('check a roster file and list who may sign until when')
    .argument('<file>', 'the roster, as in schedule_two.roster_file')
    .option('--json', 'print the list as JSON')
    .addHelpText('after', '\nExit code: 0 the roster can be used, 78 it cannot.')
    .action((file: string, { json }: { json?: true }) => checkRoster(file, json === true, io, systemClock.utcMs()));
  return roster;
}

const KEYGEN_HELP = `
The private key stays with the person. Paste the printed entry below "people:" of the roster, check it with
"counterfoil roster check", then send the gateway SIGHUP (or restart it).`;

function addRole(role: string, earlier: readonly Role[]): readonly Role[] {
  const known = ROLES.find((each) => each === role);
  if (known !== undefined) return [...new Set([...earlier, known])];
  throw new CounterfoilError('usage', `"${role}" is no role`, `write ${ROLES.join(' or ')}`);
}

function alg(text: string): string {
  if (text === 'EdDSA' || text === 'ES256') return text;
  throw new CounterfoilError('usage', `"${text}" is no algorithm of signatures here`, 'write EdDSA or ES256');
}

function days(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new CounterfoilError('usage', `"${text}" is no number of days`, 'write a whole number from 1 to 9999');
}
