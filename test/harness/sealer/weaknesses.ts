/** Run as some user: what that user could do to a trail besides appending, one sentence a line. `weaknesses.ts TRAIL_DIR`. */
import { requireAppendOnly } from '../../../src/main/require-append-only.ts';

try {
  await requireAppendOnly(process.argv[2] ?? '', 1);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
