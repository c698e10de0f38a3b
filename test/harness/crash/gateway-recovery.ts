/**
 * Recovers folders of the real gateway with the code its start runs: lock, first files, opening, structure check, reading
 * everything back, and a look at the head of both lines. Every so often the whole start is done, writing thread and all;
 * always would be ten times slower, and the thread adds nothing to what is found on disk.
 */
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import {
  bufferPaths,
  createIfNew,
  openForReading,
  openForWriting,
  prepareDataDir,
  quickCheck,
  readBoxKey,
} from '../../../src/buffer/files.ts';
import { lockDataDir } from '../../../src/buffer/lock.ts';
import { openBuffer } from '../../../src/buffer/open.ts';
import { Writer } from '../../../src/buffer/writer.ts';
import { serveRecovery } from './recovery-server.ts';

const GATEWAY_ID = 'gw-0042';
const WHOLE_START_EVERY = 25;
let served = 0;

await serveRecovery(async (folder) => {
  const dataDir = join(folder, 'data');
  if (served++ % WHOLE_START_EVERY === 0) await startWhole(dataDir);
  else startHere(dataDir);
});

async function startWhole(dataDir: string): Promise<void> {
  let fatal: Error | null = null;
  const onFatal = (error: Error) => {
    fatal = error;
  };
  const buffer = await openBuffer({ dataDir, gatewayId: GATEWAY_ID, clock: systemClock, onFatal });
  buffer.readPending('standard', 100, 1_000_000);
  buffer.readPending('schedule_two', 100, 1_000_000);
  await buffer.close();
  if (fatal !== null) throw fatal;
}

function startHere(dataDir: string): void {
  const paths = bufferPaths(dataDir);
  prepareDataDir(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    createIfNew(paths, GATEWAY_ID, systemClock.utcMs());
    const boxKey = readBoxKey(paths);
    const db = openForWriting(paths.db);
    try {
      quickCheck(db, paths.db);
      new Writer(db, { clock: systemClock, boxKey, bootId: 'recovery' }).facts();
      openForReading(paths.db).close();
    } finally {
      db.close();
    }
  } finally {
    unlock();
  }
}
