/** `counterfoil doctor`: is what the gateway depends on fit for it, and what to do where it is not. */
import { Command } from 'commander';
import { findConfigFile, loadConfigFully } from '../../base/config/load.ts';
import { CounterfoilError, EXIT } from '../../base/errors.ts';
import { commissionFindings } from '../doctor/commission.ts';
import { AREAS, type Area, examine, type Management } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { SYSTEM_PLACES } from '../doctor/places.ts';
import { screen } from '../doctor/screen.ts';
import { type CommandIo, processIo } from './io.ts';
import { progressBar } from './progress.ts';

interface DoctorFlags {
  readonly config?: string;
  readonly only?: readonly string[];
  readonly commission?: boolean;
  readonly managementUrl?: string;
  readonly managementUser?: string;
  readonly managementPasswordFile?: string;
  readonly json?: boolean;
}

/** The `doctor` command. Ends with 0, or with 1 when something does not work. */
export function doctorCommand(io: CommandIo = processIo): Command {
  return new Command('doctor')
    .description(
      'check what the gateway depends on: box, disk, files, clock, ports, PMS, broker, mail and SFTP servers of reports; says what to do',
    )
    .option('--config <file>', "the gateway's configuration file")
    .option('--only <area...>', `only these: ${AREAS.join(', ')}`)
    .option('--commission', 'also what matters before a box goes to a store: honesty of fsync, write speed, watchdog')
    .option('--management-url <url>', "RabbitMQ's management API, such as http://127.0.0.1:15672")
    .option('--management-user <name>', 'user for it (tag "monitoring")', 'guest')
    .option('--management-password-file <file>', 'file with the password of that user')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nRun it as the gateway’s user. It may run beside the gateway; it makes small files in data_dir and removes them.\nWith intake.source: external it publishes a few messages on pos/{store}/doctor/check and removes its own session.\nExit code: 0 no failure, 1 something does not work or would lose records, 78 the configuration cannot be used.',
    )
    .action(async (flags: DoctorFlags) => {
      const bar = progressBar('doctor');
      const findings = await findingsOf(flags, io.env, bar.show).finally(() => bar.end());
      io.write(flags.json === true ? `${JSON.stringify({ findings })}\n` : screen(findings));
      if (findings.some(({ status }) => status === 'fail')) io.exitWith(EXIT.failure);
    });
}

async function findingsOf(
  flags: DoctorFlags,
  env: NodeJS.ProcessEnv,
  onProgress: (done: number, total: number) => void,
): Promise<readonly Finding[]> {
  const areas = flags.only === undefined ? AREAS : flags.only.map(areaNamed);
  const loaded = loadConfigFully({ file: flags.config ?? findConfigFile(env), env });
  const findings = await examine(loaded, { areas, env, onProgress, management: managementOf(flags) });
  if (flags.commission !== true) return findings;
  return [...findings, ...commissionFindings(loaded.config, SYSTEM_PLACES, onProgress)];
}

function managementOf({ managementPasswordFile, managementUrl, managementUser }: DoctorFlags): Management | null {
  if (managementUrl === undefined) return null;
  return { url: managementUrl, user: managementUser ?? 'guest', passwordFile: managementPasswordFile };
}

function areaNamed(name: string): Area {
  const found = AREAS.find((area) => area === name);
  if (found !== undefined) return found;
  throw new CounterfoilError('usage', `there is no area "${name}"`, `Write ${AREAS.join(', ')}.`);
}
