/** `counterfoil run`: the gateway as a service, until SIGTERM or SIGINT. */
import { Command } from 'commander';
import { loadConfig } from '../../base/config/load.ts';
import { type CounterfoilError, EXIT } from '../../base/errors.ts';
import { createLog } from '../../base/log.ts';
import { Gateway } from '../gateway.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('run the gateway until it is told to stop')
    .requiredOption('--config <file>', 'YAML configuration file')
    .action(async ({ config: file }: { config: string }) => runGateway(file));
}

async function runGateway(file: string): Promise<void> {
  // Nothing this process makes is for other users of the box.
  process.umask(0o077);
  const config = loadConfig({ file, env: process.env });
  const log = createLog(config.logLevel);
  const gateway = new Gateway(config, {
    log,
    onFatal: (error) => die(error),
  });
  const addresses = await gateway.start();
  log.info('ready', { ...addresses, gateway: config.gateway.id });
  const signal = await stopSignal();
  log.info('stopping', { signal });
  await gateway.stop();
  log.info('stopped');
  process.exit(EXIT.ok);
}

/** Ends at once: what is on disk is decided, what is not was never acknowledged. */
function die(error: CounterfoilError): void {
  process.stderr.write(`counterfoil: ${error.message}\nhint: ${error.hint}\n`);
  process.exit(error.exitCode);
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
