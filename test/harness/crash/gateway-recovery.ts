/**
 * Recovers folders of the real gateway with the code its start runs: lock, first files, opening, structure check, reading
 * everything back, a look at the head of both lines, and the trail: caught up, compared, ended well. Every so often the
 * whole start is done, writing thread and all; always would be ten times slower, and the thread adds nothing to what is
 * found on disk.
 */
import { join } from 'node:path';
import { systemClock, systemTimers } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { TrailOutbox } from '../../../src/buffer/api.ts';
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
import type { Trail } from '../../../src/trail/api.ts';
import { nodeDisk } from '../../../src/trail/disk.ts';
import { TRAIL_OPTIONS } from '../../../src/trail/options.ts';
import { ownKeeper } from '../../../src/trail/own-keeper.ts';
import { ownSigner } from '../../../src/trail/own-signer.ts';
import { openTrail, type TrailParts } from '../../../src/trail/trail.ts';
import { DirectOutbox } from './direct-outbox.ts';
import { serveRecovery } from './recovery-server.ts';

const GATEWAY_ID = 'gw-0042';
const WHOLE_START_EVERY = 25;
let served = 0;

await serveRecovery(async (folder) => {
  const dataDir = join(folder, 'data');
  if (served++ % WHOLE_START_EVERY === 0) await startWhole(dataDir);
  else await startHere(dataDir);
});

async function startWhole(dataDir: string): Promise<void> {
  let fatal: Error | null = null;
  const onFatal = (error: Error) => {
    fatal = error;
  };
  const buffer = await openBuffer({ dataDir, gatewayId: GATEWAY_ID, clock: systemClock, onFatal });
  const trail = await trailOf(dataDir, {
    epoch: buffer.epoch,
    outbox: buffer.trail,
    note: (log, kind, body) => buffer.note(log, kind, body),
    fixedSize: (log) => buffer.facts().auditSize[log],
  });
  buffer.readPending('standard', 100, 1_000_000);
  buffer.readPending('schedule_two', 100, 1_000_000);
  await trail.stop();
  await buffer.close();
  if (fatal !== null) throw fatal;
}

async function startHere(dataDir: string): Promise<void> {
  const paths = bufferPaths(dataDir);
  prepareDataDir(dataDir);
  const unlock = lockDataDir(dataDir);
  try {
    createIfNew(paths, GATEWAY_ID, systemClock.utcMs());
    const boxKey = readBoxKey(paths);
    const db = openForWriting(paths.db);
    try {
      quickCheck(db, paths.db);
      const writer = new Writer(db, {
        clock: systemClock,
        boxKey,
        bootId: 'recovery',
        onFixed: (fixed) => outbox.tell(fixed),
      });
      const outbox: DirectOutbox = new DirectOutbox(writer, db);
      openForReading(paths.db).close();
      await recoverTrail(dataDir, writer, outbox);
      writer.flush();
    } finally {
      db.close();
    }
  } finally {
    unlock();
  }
}

async function recoverTrail(dataDir: string, writer: Writer, outbox: TrailOutbox & Pick<TrailParts, 'note'>) {
  const { epoch, auditSize } = writer.facts();
  const trail = await trailOf(dataDir, { epoch, outbox, note: outbox.note, fixedSize: (log) => auditSize[log] });
  await trail.stop();
}

/** What is found wrong at the start is a finding here: no crash may look like somebody's hand. */
async function trailOf(
  dataDir: string,
  of: Pick<TrailParts, 'epoch' | 'outbox' | 'note' | 'fixedSize'>,
): Promise<Trail> {
  const trailDir = join(dataDir, 'trail');
  const trail = await openTrail({
    ...of,
    gatewayId: GATEWAY_ID,
    trailDir,
    dataDir,
    keeper: ownKeeper(trailDir),
    signer: ownSigner(dataDir),
    disk: nodeDisk,
    clock: systemClock,
    timers: systemTimers,
    log: silentLog,
    onFatal: (error) => {
      throw error;
    },
    options: { ...TRAIL_OPTIONS, gatherMs: 0 },
  });
  const [trouble] = trail.facts().troubles;
  if (trouble !== undefined) throw new Error(trouble.message);
  return trail;
}
