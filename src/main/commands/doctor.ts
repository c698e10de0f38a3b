/** `counterfoil doctor`: is what the gateway depends on fit for it. In this version: the external broker. */
import { Command } from 'commander';
import { systemTimers } from '../../base/clock.ts';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { EXIT } from '../../base/errors.ts';
import { type Finding, probeBroker } from '../../intake/external/probe.ts';
import { brokerAddress, clientIdOf } from '../intake.ts';
import { type CommandIo, processIo } from './io.ts';
import { queueFinding } from './rabbitmq-queue.ts';

interface DoctorFlags {
  readonly config?: string;
  readonly managementUrl?: string;
  readonly managementUser?: string;
  readonly managementPasswordFile?: string;
  readonly json?: boolean;
}

/** The `doctor` command. Ends with 0, or with 1 when something is found that would lose records. */
export function doctorCommand(io: CommandIo = processIo): Command {
  return new Command('doctor')
    .description('check what the gateway depends on; in this version the broker of intake.source: external')
    .option('--config <file>', "the gateway's configuration file")
    .option('--management-url <url>', "RabbitMQ's management API, such as http://127.0.0.1:15672")
    .option('--management-user <name>', 'user for it (tag "monitoring")', 'guest')
    .option('--management-password-file <file>', 'file with the password of that user')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nPublishes a few messages on pos/{store}/doctor/check and removes its own session afterwards; takes some seconds.\nExit code: 0 no failure, 1 something would lose records, 78 the configuration cannot be used.',
    )
    .action(async (flags: DoctorFlags) => {
      const findings = await examine(flags, io.env);
      io.write(flags.json === true ? `${JSON.stringify({ findings })}\n` : screen(findings));
      if (findings?.some(({ status }) => status === 'fail') === true) io.exitWith(EXIT.failure);
    });
}

/** Null when there is nothing to check. */
async function examine(flags: DoctorFlags, env: NodeJS.ProcessEnv): Promise<readonly Finding[] | null> {
  const file = flags.config ?? findConfigFile(env);
  const config = loadConfig({ file, env });
  if (config.intake.source !== 'external') return null;
  const clientId = clientIdOf(config);
  const { acknowledge } = config.intake.external;
  const address = brokerAddress(config, env);
  const findings = await probeBroker({ address, clientId, store: config.gateway.store, acknowledge }, systemTimers);
  if (flags.managementUrl === undefined) return findings;
  const { managementPasswordFile: passwordFile, managementUrl: url, managementUser: user = 'guest' } = flags;
  const password = passwordFile === undefined ? 'guest' : readSecretFile(passwordFile);
  return [...findings, ...(await queueFinding({ url, user, password, clientId }))];
}

const WORD: Readonly<Record<Finding['status'], string>> = { ok: 'ok', warn: 'WARN', fail: 'FAIL', unknown: '?' };

function screen(findings: readonly Finding[] | null): string {
  if (findings === null) return 'intake.source is embedded: lanes connect to the gateway itself, nothing to check.\n';
  return findings
    .map(({ advice, check, seen, status }) => {
      const first = `${WORD[status].padEnd(5)}${check.padEnd(11)}${seen}\n`;
      return advice === null ? first : `${first}${' '.repeat(16)}${advice}\n`;
    })
    .join('');
}
