/**
 * Loaded before the gateway with `--import`: the sync stage's waits are those of an impatient world, so that a test sees
 * in a second what a store sees in minutes. Order, checks and what is written do not depend on them. Test only; the
 * gateway itself has no such switch.
 */
import { systemTimers } from '../../src/base/clock.ts';
import { SYNC_DEFAULTS, type SyncOptions } from '../../src/sync/options.ts';

const SHORT = {
  startSpreadMs: 0,
  overlapFromBytes: 1,
  lingerMs: 5,
  idlePollMs: 250,
  connectTimeoutMs: 2_000,
  /** Long enough that a good answer on a busy machine is not given up; a silent PMS costs this much. */
  requestTimeoutMs: 700,
  retryBaseMs: 10,
  retryCapMs: 150,
  retryAfterCapMs: 300,
  stoppedRetryMs: 120,
  verificationPollMs: 60,
  stopGraceMs: 500,
  suspectAfterMs: 400,
} satisfies Partial<SyncOptions>;

Object.assign(SYNC_DEFAULTS, SHORT);

/** The shortest heartbeat a configuration can ask for; the ticks of mode and delivery are as long. */
const SECOND_MS = 1_000;
/** Tests look at the world with every heartbeat (`Shop.until`); more often, and the probes cost more than the waiting. */
const SHORT_SECOND_MS = 200;

const { after } = systemTimers;
Object.assign(systemTimers, {
  after: (delayMs, task) => after(delayMs === SECOND_MS ? SHORT_SECOND_MS : delayMs, task),
} satisfies typeof systemTimers);
