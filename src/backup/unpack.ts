/** Writes the entries of a backup into a directory of its own: `buffer.db`, `trail/`, `archive/`, `config/`, `keys/`. */

import type { KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { damaged, diskFault, wrongKey } from './faults.ts';
import type { Unlock } from './header.ts';
import { BOX_KEY, isEntryName, type Manifest } from './manifest.ts';
import { type EntrySink, readBackup } from './reading.ts';
import { type Recipient, recipientSchema, unwrapWithKey } from './recipients.ts';

export interface UnpackTask {
  readonly file: string;
  readonly unlock: Unlock;
  /** The directory for an entry, or null where its content is only checked. It exists. */
  readonly directoryFor: (name: string) => string | null;
  /** Whether the files must survive a power cut once this returns (their names need a sync of their own). */
  readonly durable: boolean;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface Unpacked {
  readonly manifest: Manifest;
  /** The box key as it was wrapped for the recovery key; null when there is none. */
  readonly wrappedBoxKey: Recipient | null;
}

/** @throws CounterfoilError `backup_damaged`, `backup_key_wrong`, `storage_full`, `storage_io`. */
export function unpack({ file, unlock, directoryFor, durable, onProgress }: UnpackTask): Unpacked {
  const boxKey: Buffer[] = [];
  const manifest = readBackup({
    path: file,
    unlock,
    sinkFor: (name) => {
      if (name === BOX_KEY) return { take: (piece) => boxKey.push(Buffer.from(piece)), done() {} };
      const directory = directoryFor(name);
      return directory === null || !isEntryName(name) ? null : fileSink(join(directory, name), durable);
    },
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (boxKey.length === 0) return { manifest, wrappedBoxKey: null };
  const wrapped = recipientSchema.safeParse(JSON.parse(Buffer.concat(boxKey).toString()));
  if (!wrapped.success) throw damaged('its box key is wrapped in a way this program does not know');
  return { manifest, wrappedBoxKey: wrapped.data };
}

function fileSink(path: string, durable: boolean): EntrySink {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw diskFault(error, path, 'nothing was restored');
    }
  };
  const file = guarded(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, 'wx', 0o600);
  });
  return {
    take(piece) {
      guarded(() => {
        for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
      });
    },
    done() {
      guarded(() => {
        if (durable) fsyncSync(file);
        closeSync(file);
      });
    },
  };
}

/** The box key. @throws CounterfoilError `backup_key_wrong` when it is wrapped for another recovery key. */
export function boxKeyFrom(wrapped: Recipient, key: KeyObject): Buffer {
  const boxKey = unwrapWithKey(wrapped, key, 'counterfoil box key');
  if (boxKey !== null) return boxKey;
  throw wrongKey('this key does not open the box key in the backup', 'Use the recovery private key of this chain.');
}
