/** `counterfoil report outbox` and `report deliver`: what is on its way out, whether its targets answer, and another try. */
import { Command } from 'commander';
import { z } from 'zod';
import { toUtcText } from '../../base/clock.ts';
import { type Config, findConfigFile, loadConfig } from '../../base/config/load.ts';
import { EXIT } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { dropResult } from '../../control/outbox.ts';
import { DELIVERY_FAULTS, type DeliveryFaultCode } from '../../reports/deliver/faults.ts';
import { type Job, readJobs } from '../../reports/deliver/jobs.ts';
import { checkTarget } from '../reports/check-target.ts';
import { outboxDirectory, targetsOf } from '../reports/delivery.ts';
import { callerName } from './caller.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';
import { confirmAct } from './signing.ts';

interface OutboxFlags {
  readonly config?: string;
  readonly all?: boolean;
  readonly drop?: string;
  readonly yes?: true;
  readonly json?: boolean;
}

export function reportOutbox(io: CommandIo, person: Person): Command {
  return new Command('outbox')
    .description('which reports wait for which target, and why')
    .option('--config <file>', "the gateway's configuration file")
    .option('--all', 'those that are delivered, too')
    .option('--drop <target>', 'take out what waits for this target; it is told in the trail')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print JSON')
    .action(async (flags: OutboxFlags) => {
      const config = configOf(flags, io);
      if (flags.drop !== undefined) return await drop(config, flags.drop, flags, io, person);
      const jobs = readJobs(outboxDirectory(config)).filter((job) => flags.all === true || job.delivered_ms === null);
      io.write(flags.json === true ? `${JSON.stringify({ jobs })}\n` : jobs.map(lineOf).join('') || 'nothing waits\n');
    });
}

export function reportDeliver(io: CommandIo): Command {
  return new Command('deliver')
    .description('try at once what waits for a target; --check only asks the targets, and sends nothing')
    .option('--config <file>', "the gateway's configuration file")
    .option('--check', 'connect to each target and prove who both ends are; works while the gateway is stopped')
    .option('--json', 'print JSON')
    .action(async (flags: { config?: string; check?: boolean; json?: boolean }) => {
      const config = configOf(flags, io);
      if (flags.check === true) return await check(config, flags.json === true, io);
      await callGateway(config.dataDir, 'report.retry', {}, z.object({}));
      io.write(flags.json === true ? '{}\n' : 'what waits is being tried; see "counterfoil report outbox"\n');
    });
}

async function drop(config: Config, target: string, flags: OutboxFlags, io: CommandIo, person: Person): Promise<void> {
  person.tell(`What waits for "${target}" will not be brought there. The reports stay in data_dir.\n`);
  await confirmAct(flags, person);
  const params = { target, caller: callerName(io.env) };
  const { dropped } = await callGateway(config.dataDir, 'report.drop', params, dropResult);
  io.write(flags.json === true ? `${JSON.stringify({ dropped })}\n` : `${dropped} taken out\n`);
}

async function check(config: Config, isJson: boolean, io: CommandIo): Promise<void> {
  const findings = await Promise.all(targetsOf(config).map(checkTarget));
  if (isJson) io.write(`${JSON.stringify({ findings })}\n`);
  else if (findings.length === 0) io.write('no targets are configured (reports.deliver)\n');
  for (const { check: name, status, seen, advice } of isJson ? [] : findings) {
    io.write(`${status === 'ok' ? 'ok  ' : 'FAIL'} ${name}: ${seen}\n${advice === null ? '' : `     ${advice}\n`}`);
  }
  if (findings.some(({ status }) => status === 'fail')) io.exitWith(EXIT.failure);
}

function lineOf({ report, target, queued_ms: queuedMs, attempts, fault, delivered_ms: deliveredMs }: Job): string {
  const state =
    deliveredMs !== null
      ? `delivered ${toUtcText(deliveredMs)}`
      : fault === null
        ? 'waits'
        : `${attempts} attempts: ${isKnown(fault) ? `${DELIVERY_FAULTS[fault].message}. ${DELIVERY_FAULTS[fault].hint}` : fault}`;
  return `${report}  ${target}  queued ${toUtcText(queuedMs)}  ${state}\n`;
}

const isKnown = (code: string): code is DeliveryFaultCode => Object.hasOwn(DELIVERY_FAULTS, code);

function configOf({ config }: { readonly config?: string }, io: CommandIo): Config {
  return loadConfig({ file: config ?? findConfigFile(io.env), env: io.env });
}
