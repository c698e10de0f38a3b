/**
 * The gateway without a trail on disk, to measure what the trail costs: `node bare-gateway.ts CONFIG`. No configuration
 * can ask for this; its entries stay in the buffer.
 */
import { loadConfigFully } from '../../src/base/config/load.ts';
import { createLog } from '../../src/base/log.ts';
import { Gateway } from '../../src/main/gateway.ts';
import { releaseStartUpMemory } from '../../src/main/memory.ts';

process.umask(0o077);
const file = process.argv[2];
if (file === undefined) throw new Error('which configuration file?');
const loaded = loadConfigFully({ file, env: process.env });
const log = createLog(loaded.config.logLevel);
const onFatal = (error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
};
const gateway = new Gateway(loaded, { log, onFatal, openTrail: null });
const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
try {
  const addresses = await gateway.start();
  releaseStartUpMemory();
  log.info('ready', addresses);
  await stopped;
} finally {
  await gateway.stop();
}
