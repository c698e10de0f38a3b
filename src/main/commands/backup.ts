/** `counterfoil backup`: create, verify, restore. */
import { Command } from 'commander';
import { type CreateFlags, createCommand } from './backup-create.ts';
import { type RestoreFlags, restoreCommand, type VerifyFlags, verifyCommand } from './backup-restore.ts';

/** The command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function backupCommand(): Command {
  const backup = new Command('backup').description('copy a gateway to one encrypted file, check it, put it back');
  backup
    .command('create')
    .description('make a backup; the gateway may run')
    .requiredOption('--config <file>', 'the gateway’s configuration file')
    .requiredOption('--to <file>', 'the backup; a file that is not there yet')
    .option('--with-keys', 'also private keys, tokens and passwords that the configuration names')
    .option('--passphrase-file <file>', 'file with a passphrase that opens the backup too')
    .option('--scratch <directory>', 'local disk for a copy of the buffer while this runs (default: data_dir)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', CREATE_HELP)
    .action(async (flags: CreateFlags) => await createCommand(flags));
  withOpening(backup.command('verify'))
    .description('read all of a backup and say what holds')
    .action(async (file: string, flags: VerifyFlags) => await verifyCommand(file, flags));
  withOpening(backup.command('restore'))
    .description('make a data directory of a backup, in a new epoch')
    .requiredOption('--to <directory>', 'the new data_dir; it may not hold a buffer')
    .option('--trail <directory>', 'the new trail_dir (default: trail below --to)')
    .option('--rehearse', 'only try it: in a temporary place, of which nothing is left')
    .option('--roster <file>', 'roster of the person who signs the restore')
    .option('--kid <name>', 'name of their key in the roster; its holder must be a reviewer')
    .option('--sign-key <file>', 'their private key (PEM)')
    .option('--sign-passphrase-file <file>', 'file with the passphrase of that key (default: asked for)')
    .option('--meaning <text>', 'why, in their words; it is signed and kept')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, flags: RestoreFlags) => await restoreCommand(file, flags));
  backup.addCommand(mirrorCommand(), { hidden: true });
  return backup;
}

/** Used by the gateway itself: keeps its mirror for as long as standard input is open. */
function mirrorCommand(): Command {
  return new Command('mirror').description('keep the mirror of a gateway').action(async () => {
    process.umask(0o077);
    const { keepMirror } = await import('../mirror/child.ts');
    await keepMirror(process.stdin, (line) => void process.stdout.write(line));
  });
}

function withOpening(command: Command): Command {
  return command
    .argument('<file>', 'the backup')
    .option('--key <file>', 'the recovery private key (PEM)')
    .option(
      '--passphrase-file <file>',
      'file with the passphrase of that key, or without --key with that of the backup',
    )
    .option('--box-key <file>', 'a copy of box.key, for a backup that does not have it')
    .option('--scratch <directory>', 'where to unpack for a look (default: the system’s temporary directory)')
    .option('--json', 'print the result as JSON');
}

const CREATE_HELP = `
The backup is encrypted for the recovery key (recovery.public_key_file), for a passphrase, or for both. box.key is in it
only for the recovery key. Whoever has the backup without one of these can read nothing of it but its size.`;

const RESTORE_HELP = `
A restored gateway lacks what came after the backup, so it starts in a new epoch: tills send again what they keep, and the
PMS answers "duplicate" for what it has. Without a signature health warns until a person has signed (epoch open).`;
