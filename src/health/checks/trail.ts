/** The trail: whether it reaches its segments, what keeps them, what is signed, and what those outside have seen. */

import type { Snapshot } from '../snapshot.ts';
import { TRAIL_LOGS, type TrailFacts, type TrailLogFacts } from '../sources.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

/** Groups are appended every fraction of a second; longer means that the disk of the trail does not follow. */
const LAG_WARN_MS = 30_000;
const LAG_FAIL_MS = 15 * 60_000;
/** Checkpoints follow what happens within seconds. */
const UNSIGNED_WARN_MS = 10 * 60_000;
/** What the trail says about itself (checkpoints, cosignatures, segments) is behind its newest checkpoint at any time. */
const OWN_ENTRIES = 32;
/** A busy PMS may leave a checkpoint out; for an hour it does not. */
const UNWITNESSED_WARN_MS = 3_600_000;

const COPY = 'Keep a copy of trail_dir and data_dir as they are now.';

/** Troubles that leave the trail whole, only less protected for a while. Every other one is a failure. */
const LESSER: readonly string[] = ['sealer_unreachable', 'checkpoint_failed', 'segment_seal'];

const ALARM_TEXT: Readonly<Record<string, string>> = {
  witness_inconsistent: `The PMS has cosigned another history of this trail than the one here: an old copy was put back, or entries were changed. ${COPY} Ask the operator of the PMS for the checkpoint it holds.`,
  witness_unknown_key:
    'The PMS knows another key of this gateway and does not cosign. If this is a new box, ask the operator of the PMS to let its key in.',
  witness_untrue:
    'The cosignature of the PMS is not true by the key this gateway has pinned. Compare pms.witness_key with what the operator of the PMS says.',
  witness_refuses: 'The PMS does not understand the checkpoints of this gateway. Ask its operator to look at its log.',
};

export const trailChecks: Checker = (snapshot) => {
  const { trail } = snapshot;
  if (trail === null) return [];
  return [
    worm(trail, snapshot.about.production),
    ...TRAIL_LOGS.flatMap((log) => logChecks(snapshot, trail.logs[log], trail.witnessKey).map(ofLog(log))),
    ...trail.troubles.map(
      ({ code, hint, message }): Check => ({
        name: 'trail:trouble',
        componentId: code,
        componentType: 'datastore',
        observedValue: code,
        status: LESSER.includes(code) ? 'warn' : 'fail',
        output: `${message}. ${hint}`,
      }),
    ),
  ];
};

const ofLog =
  (log: string) =>
  (check: Check): Check => ({ ...check, componentId: log });

function worm({ worm: state }: TrailFacts, production: boolean): Check {
  return {
    name: 'trail:worm',
    componentType: 'system',
    observedValue: state,
    ...verdict(
      state === 'none' &&
        production && {
          status: 'fail',
          output:
            'The trail is chained and signed, but its files can be overwritten on this box. Start the sealer, and put trail_dir on a file system that knows append-only files.',
        },
    ),
  };
}

function logChecks({ monotonicMs, nowMs, uptimeMs }: Snapshot, log: TrailLogFacts, witnessKey: string | null): Check[] {
  const { checkpoint, cosignedSize, fixedSize, lagMs, storedSize } = log;
  const ageMs = checkpoint === null ? uptimeMs : Math.max(0, nowMs - checkpoint.atMs);
  const unsigned = fixedSize - (checkpoint?.size ?? 0);
  return [
    { name: 'trail:entries', componentType: 'datastore', observedValue: fixedSize, status: 'pass' },
    {
      name: 'trail:lag',
      componentType: 'datastore',
      observedValue: seconds(lagMs),
      observedUnit: 's',
      ...verdict(
        lagMs > LAG_WARN_MS && {
          status: lagMs > LAG_FAIL_MS ? 'fail' : 'warn',
          output: `${fixedSize - storedSize} entries have waited for up to ${span(lagMs)} to reach their segments. They are safe in the buffer. Look at the disk of trail_dir and at the sealer.`,
        },
      ),
    },
    {
      name: 'trail:checkpoint',
      componentType: 'datastore',
      observedValue: checkpoint === null ? null : seconds(ageMs),
      observedUnit: 's',
      ...verdict(
        unsigned > OWN_ENTRIES &&
          ageMs > UNSIGNED_WARN_MS && {
            status: 'warn',
            output: `${unsigned} entries are in no signed checkpoint, the newest of which is ${checkpoint === null ? 'missing' : `${span(ageMs)} old`}. Look at the sealer, and at the trail's other checks.`,
          },
      ),
    },
    {
      name: 'trail:cosigned',
      componentType: 'datastore',
      observedValue: cosignedSize,
      ...verdict(witnessProblem(log, monotonicMs, witnessKey)),
    },
  ];
}

/** A PMS that has never cosigned and of which no key is known need not be a witness. */
function witnessProblem({ cosignedSize, witness }: TrailLogFacts, monotonicMs: number, witnessKey: string | null) {
  const kept = 'Records are taken and sent all the same.';
  if (witness.alarm !== null) {
    return { status: 'warn', output: `${ALARM_TEXT[witness.alarm] ?? 'Read the log.'} ${kept}` } as const;
  }
  const sinceMs = witness.unwitnessedSinceMs === null ? 0 : monotonicMs - witness.unwitnessedSinceMs;
  const isWitness = cosignedSize > 0 || witnessKey !== null;
  return (
    isWitness &&
    sinceMs > UNWITNESSED_WARN_MS &&
    ({
      status: 'warn',
      output: `The PMS has taken batches for ${span(sinceMs)} without cosigning the trail. Ask its operator. ${kept}`,
    } as const)
  );
}
