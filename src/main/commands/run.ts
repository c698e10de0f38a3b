/** `counterfoil run`: the gateway as a service, until SIGTERM or SIGINT. */
import { Command } from 'commander';
import { loadConfigFully } from '../../base/config/load.ts';
import { type CounterfoilError, messageOf } from '../../base/errors.ts';
import { type AdjustableLog, createLog } from '../../base/log.ts';
import { requireNotClosed } from '../close/state.ts';
import { keepOutOfCoreDumps } from '../core-dumps.ts';
import { Gateway } from '../gateway.ts';
import { releaseStartUpMemory } from '../memory.ts';
import { readAgain } from '../reload.ts';
import { stopSignal } from '../stop-signal.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('run the gateway until it is told to stop')
    .requiredOption('--config <file>', 'YAML configuration file')
    .option('--capture-only', 'take records and send none to the PMS')
    .action(async ({ config, captureOnly }: { config: string; captureOnly?: true }) =>
      runGateway(config, captureOnly === true),
    );
}

async function runGateway(file: string, captureOnly: boolean): Promise<void> {
  // Nothing this process makes is for other users of the box.
  process.umask(0o077);
  const loaded = loadConfigFully({ file, env: process.env });
  requireNotClosed(loaded.config.dataDir);
  const log = createLog(loaded.config.logLevel);
  if (!keepOutOfCoreDumps())
    log.warn('a core dump of this process would hold records: this system cannot keep them out');
  for (const { key, message } of loaded.warnings) log.warn(message, { reason: key });
  const gateway = new Gateway(loaded, { log, captureOnly, onFatal: die });
  // Before anything else: without a listener the signal would end the process.
  process.on('SIGHUP', () => reload(file, gateway, log));
  try {
    const stopped = stopSignal();
    const addresses = await gateway.start();
    releaseStartUpMemory();
    log.info('ready', { ...addresses, gateway: loaded.config.gateway.id });
    const signal = await stopped;
    log.info('stopping', { signal });
  } finally {
    await gateway.stop();
  }
  log.info('stopped');
}

/** SIGHUP: the configuration is read again, and what a person keeps in files of its own. */
function reload(file: string, gateway: Gateway, log: AdjustableLog): void {
  const next = readAgain(file, process.env, log);
  if (next !== null) log.setLevel(next.config.logLevel);
  gateway.reload(next).catch((error: unknown) => {
    log.error('the roster was read again, but the trail entry could not be written', { error: messageOf(error) });
  });
}

/** Ends at once: what is on disk is decided, what is not was never acknowledged. */
function die(error: CounterfoilError): void {
  process.stderr.write(`counterfoil: ${error.message}\nhint: ${error.hint}\n`);
  process.exit(error.exitCode);
}
