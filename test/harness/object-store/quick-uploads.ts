/**
 * Loaded before the gateway with `--import`: uploads look for something to do all the time. What is uploaded and how it is checked
 * does not depend on it. Test only; the gateway itself has no such switch.
 */
import { UPLOAD_PACES } from '../../../src/archive/upload/options.ts';

Object.assign(UPLOAD_PACES, { startMs: 10, everyMs: 50, retryMs: 50, longestMs: 200, busyPauseMs: 1 });
