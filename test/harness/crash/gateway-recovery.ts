/**
 * Recovers folders of the real gateway: opens the buffer as its start does, whole, with its lock and its writing thread,
 * and closes it again. Whatever the start would say to an operator is the answer.
 */
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { openBuffer } from '../../../src/buffer/open.ts';
import { serveRecovery } from './recovery-server.ts';

await serveRecovery(async (folder) => {
  let fatal: Error | null = null;
  const buffer = await openBuffer({
    dataDir: join(folder, 'data'),
    gatewayId: 'gw-0042',
    clock: systemClock,
    onFatal: (error) => {
      fatal = error;
    },
  });
  await buffer.close();
  if (fatal !== null) throw fatal;
});
