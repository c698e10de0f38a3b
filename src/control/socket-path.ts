/** Where a gateway's control socket is: known to the gateway that opens it and to the command line that calls it. */
import { join } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';

/** unix(7): `sun_path` has 108 bytes on Linux, the last for the zero that ends it. */
const MAX_PATH_BYTES = 107;

/** `{data_dir}/run/control.sock`. Throws `config_invalid` when the path is longer than a socket's may be. */
export function controlSocketPath(dataDir: string): string {
  const path = join(dataDir, 'run', 'control.sock');
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return path;
  throw new CounterfoilError(
    'config_invalid',
    `the control socket ${path} has a path of ${bytes} bytes; a socket's may have ${MAX_PATH_BYTES}`,
    'Choose a shorter data_dir; review and training need the socket.',
  );
}
