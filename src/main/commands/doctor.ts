/** `counterfoil doctor`: is what the gateway depends on fit for it, and what to do where it is not. */
import { Command } from 'commander';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { type Config, findConfigFile, loadConfigFully } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, EXIT } from '../../base/errors.ts';
import { probeBroker } from '../../intake/external/probe.ts';
import { boxFindings, SYSTEM_BOX } from '../doctor/box.ts';
import { clockFindings } from '../doctor/clock.ts';
import { commissionFindings } from '../doctor/commission.ts';
import { fileFindings } from '../doctor/files.ts';
import { type Finding, warn } from '../doctor/finding.ts';
import { pmsFindings, portFindings } from '../doctor/network.ts';
import { placeFindings, SYSTEM_PLACES } from '../doctor/places.ts';
import { protectionFindings } from '../doctor/protection.ts';
import { brokerAddress, clientIdOf } from '../intake.ts';
import { checkTarget } from '../reports/check-target.ts';
import { targetsOf } from '../reports/delivery.ts';
import { type CommandIo, processIo } from './io.ts';
import { progressBar } from './progress.ts';
import { queueFinding } from './rabbitmq-queue.ts';

interface DoctorFlags {
  readonly config?: string;
  readonly only?: readonly string[];
  readonly commission?: boolean;
  readonly managementUrl?: string;
  readonly managementUser?: string;
  readonly managementPasswordFile?: string;
  readonly json?: boolean;
}

const AREAS = ['settings', 'box', 'disk', 'files', 'protection', 'ports', 'clock', 'pms', 'broker', 'reports'] as const;
type Area = (typeof AREAS)[number];

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
      const findings = await examine(flags, io.env, bar.show).finally(() => bar.end());
      io.write(flags.json === true ? `${JSON.stringify({ findings })}\n` : screen(findings));
      if (findings.some(({ status }) => status === 'fail')) io.exitWith(EXIT.failure);
    });
}

async function examine(
  flags: DoctorFlags,
  env: NodeJS.ProcessEnv,
  onProgress: (done: number, total: number) => void,
): Promise<readonly Finding[]> {
  const areas = flags.only === undefined ? AREAS : flags.only.map(areaNamed);
  const { config, warnings } = loadConfigFully({ file: flags.config ?? findConfigFile(env), env });
  const parts: Readonly<Record<Area, () => Promise<readonly Finding[]> | readonly Finding[]>> = {
    settings: () => warnings.map(({ key, message }) => warn(key, 'allowed, and weaker than it could be', message)),
    box: () => boxFindings(SYSTEM_BOX, config.production),
    disk: () => placeFindings(config, SYSTEM_PLACES),
    files: () => fileFindings(config, systemClock.utcMs()),
    protection: () => protectionFindings(config),
    ports: () => portFindings(config),
    clock: () => clockFindings(config),
    pms: () => pmsFindings(config, env),
    broker: () => brokerFindings(config, flags, env),
    reports: () => Promise.all(targetsOf(config).map(checkTarget)),
  };
  const findings: Finding[] = [];
  for (const [at, area] of areas.entries()) {
    onProgress(at, areas.length);
    findings.push(...(await parts[area]()));
  }
  return flags.commission === true ? [...findings, ...commissionFindings(config, SYSTEM_PLACES, onProgress)] : findings;
}

function areaNamed(name: string): Area {
  const found = AREAS.find((area) => area === name);
  if (found !== undefined) return found;
  throw new CounterfoilError('usage', `there is no area "${name}"`, `Write ${AREAS.join(', ')}.`);
}

/** None where lanes connect to the gateway itself. */
async function brokerFindings(config: Config, flags: DoctorFlags, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  if (config.intake.source !== 'external') return [];
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

function screen(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length)) + 1;
  const lines = findings.map(({ advice, check, seen, status }) => {
    const first = `${WORD[status].padEnd(5)}${check.padEnd(width)}${seen}\n`;
    return advice === null ? first : `${first}${' '.repeat(5 + width)}${advice}\n`;
  });
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  return `${lines.join('')}\n${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} well\n`;
}
