/**
 * A trail whose folder the sealer shuts for some milliseconds while it makes or seals a segment: what meets a shut door
 * waits a little and tries again. A folder that stays shut (the sealer was killed in the middle) is an error like any other.
 */
import type { Timers } from '../base/clock.ts';
import { codeOf, type TrailDisk } from './disk.ts';

/** Together 2 s: far longer than making a segment takes on a slow card. */
const TRIES = 40;
const WAIT_MS = 50;

/** The same disk; EACCES counts only when it lasts. */
export function patientDisk(disk: TrailDisk, timers: Timers): TrailDisk {
  const patiently = async <T>(act: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        if (codeOf(error) !== 'EACCES' || attempt === TRIES) throw error;
      }
      await new Promise<void>((resolve) => timers.after(WAIT_MS, resolve));
    }
  };
  return {
    list: (directory) => patiently(() => disk.list(directory)),
    open: (path) => patiently(() => disk.open(path)),
    read: (path, start, length) => patiently(() => disk.read(path, start, length)),
    sync: (path) => patiently(() => disk.sync(path)),
  };
}
