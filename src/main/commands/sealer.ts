/** `counterfoil sealer`: the small process that keeps the trail append-only and signs it. Loads none of the gateway. */
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { findConfigFile, loadConfigFully } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { createLog } from '../../base/log.ts';
import { Sealer } from '../../sealer/sealer.ts';
import { sealerServer } from '../../sealer/serve.ts';
import { releaseStartUpMemory } from '../memory.ts';
import { stopSignal } from '../stop-signal.ts';

interface SealerFlags {
  readonly config?: string;
  readonly stateDir?: string;
}

/** The `sealer` command. Runs until SIGTERM. */
export function sealerCommand(): Command {
  return new Command('sealer')
    .description('keep the trail append-only and sign it: runs beside the gateway, as another user')
    .option('--config <file>', "the gateway's configuration file")
    .option('--state-dir <dir>', 'where the signing key and what was signed are kept (default: $STATE_DIRECTORY)')
    .addHelpText(
      'after',
      '\nNeeds CAP_LINUX_IMMUTABLE and nothing else; its unit file is counterfoil-sealer.service. docs/OPERATIONS.md says how\nto set it up. Exit code: 0 stopped, 78 the trail cannot be kept append-only.',
    )
    .action(serve);
}

async function serve(flags: SealerFlags): Promise<void> {
  const { config } = loadConfigFully({ file: flags.config ?? findConfigFile(process.env), env: process.env });
  const socketPath = config.trail.sealerSocket;
  if (socketPath === null) {
    const hint = 'Write the path of its socket there, such as /run/counterfoil-sealer/sealer.sock.';
    throw new CounterfoilError('config_invalid', 'trail.sealer_socket is null, so there is nothing to serve', hint);
  }
  const stateDir = flags.stateDir ?? process.env.STATE_DIRECTORY ?? '';
  if (stateDir === '') {
    const hint = 'Give --state-dir, or start it by its systemd unit, which has StateDirectory=.';
    throw new CounterfoilError('usage', 'there is no directory for the signing key', hint);
  }
  // Whatever we make is ours alone until we say otherwise.
  process.umask(0o077);
  const log = createLog(config.logLevel);
  const stopped = stopSignal();
  const sealer = await Sealer.open({
    trailDir: config.trailDir,
    stateDir,
    retentionYears: config.retention.years,
    clock: systemClock,
    log,
  });
  const server = sealerServer(socketPath, sealer, log);
  await server.start();
  releaseStartUpMemory();
  log.info('ready', { address: socketPath });
  log.info('stopping', { signal: await stopped });
  await server.stop();
  await sealer.settled();
  log.info('stopped');
}
