/** What the gateway keeps: the buffer and its trail, recovered and compared with who has seen them, before the first PUBACK. */
import { systemClock } from '../base/clock.ts';
import type { LoadedConfig } from '../base/config/load.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { openBuffer } from '../buffer/open.ts';
import type { Trail } from '../trail/api.ts';
import { archiveDirectory } from './archive.ts';
import { configurationHash } from './configuration-hash.ts';
import { ballastOf } from './storage.ts';
import { type OpenTrail, openGatewayTrail } from './trail.ts';
import { VERSION } from './version.ts';

export interface Stores {
  readonly buffer: RecordBuffer;
  /** Null when there is none, to measure what it costs. */
  readonly trail: Trail | null;
  /** Writes the entry `stop`, brings the trail to disk, closes the buffer. */
  close(): Promise<void>;
}

export interface StoresMaking {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly onFatal: (error: CounterfoilError) => void;
  readonly onQuarantined: (sequences: readonly number[]) => void;
  /** Null: without a trail on disk. Default: the gateway's own. */
  readonly openTrail: OpenTrail | null | undefined;
}

/**
 * Opens both. A start that finds the disk full gives up the ballast and tries once more; a second failure is final.
 * Throws a `CounterfoilError` when the box is not fit; nothing is left open then.
 */
export async function openStores(making: StoresMaking): Promise<Stores> {
  try {
    return await openBoth(making);
  } catch (error) {
    const isFull = error instanceof CounterfoilError && error.code === 'storage_full';
    if (!isFull || !ballastOf(making.loaded.config).release()) throw error;
    making.log.warn('the disk is full: the ballast was given up for this start', { code: error.code });
    return await openBoth(making);
  }
}

async function openBoth({ loaded, log, onFatal, onQuarantined, openTrail }: StoresMaking): Promise<Stores> {
  const { config } = loaded;
  const { dataDir, gateway } = config;
  const undo: (() => Promise<void>)[] = [];
  // One part that cannot end well must not keep the others open.
  const close = async () => {
    for (const each of undo.splice(0).reverse()) {
      await each().catch((error: unknown) => log.error('a part did not end well', { error: messageOf(error) }));
    }
  };
  try {
    const archiveDir = archiveDirectory(config);
    const told = { onFatal, onQuarantined };
    const buffer = await openBuffer({ dataDir, archiveDir, gatewayId: gateway.id, clock: systemClock, ...told });
    undo.push(() => buffer.close());
    await buffer.noteStart({ version: VERSION, ...configurationHash(loaded.tree) });
    const open = openTrail === undefined ? openGatewayTrail : openTrail;
    const trail = open === null ? null : await open({ config, buffer, log, onFatal });
    if (trail !== null) undo.push(() => trail.stop());
    undo.push(async () => {
      await buffer.noteStop();
    });
    return { buffer, trail, close };
  } catch (error) {
    await close();
    throw error;
  }
}
