/** The box's clock: how far off, by whose word, and how sure that is. It never endangers a record, so it never fails health. */
import { toUtcText } from '../../base/clock.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Check, type Checker, span, verdict } from './check.ts';

const KEPT = 'Records stay in order by their numbers, but times on receipts and reports are doubtful.';
const MEND = "Mend the box's time service (timedatectl, chronyc sources); the gateway itself never sets the clock.";

/** What is to be said about each doubt of `link/time`. */
const DOUBTS: Readonly<Record<string, string>> = {
  before_release: `The clock stands before the release of this program; its battery may be empty. ${KEPT} ${MEND}`,
  behind_own_files: `The clock stands before what this box itself has written earlier. ${KEPT} ${MEND}`,
  off: `The time servers say that the clock is further off than may be. ${KEPT} ${MEND}`,
  pms_disagrees:
    'The clocks of this box and of the PMS are far apart, and there is no time server to say which is right.',
  servers_disagree: 'The time servers contradict each other; none of them is believed. Check clock.ntp_servers.',
};

const SERVER_ADVICE: Readonly<Record<string, string>> = {
  silent: 'does not answer. Check that the firewall lets UDP port 123 out.',
  name_not_found: 'is not found by its name. Check the spelling in clock.ntp_servers.',
  unusable: 'says that it does not know the time itself. Choose another one.',
  rate: 'asks to be asked less often, which is done. Raise clock.ntp_interval_seconds.',
  denied: 'does not want to be asked by this box, and is not asked again. Choose another one.',
};

export const clockChecks: Checker = (snapshot) => [
  quality(snapshot),
  offset(snapshot),
  ...pms(snapshot),
  ...snapshot.wallClock.servers.map(
    ({ server, state }): Check => ({
      name: 'clock:server',
      componentId: server,
      componentType: 'system',
      observedValue: state,
      ...verdict(
        SERVER_ADVICE[state] !== undefined && {
          status: 'warn',
          output: `Time server ${server} ${SERVER_ADVICE[state]}`,
        },
      ),
    }),
  ),
];

function quality(snapshot: Snapshot): Check {
  const { doubt, quality: word } = snapshot.wallClock;
  const said = doubt === 'pms_disagrees' ? ` ${bothReadings(snapshot)}` : '';
  const text = doubt === null ? `The clock is not synchronised. ${KEPT} ${MEND}` : `${DOUBTS[doubt] ?? doubt}${said}`;
  return {
    name: 'clock:quality',
    componentType: 'system',
    observedValue: word,
    ...verdict((word === 'unsynchronised' || doubt !== null) && { status: 'warn', output: text }),
  };
}

function offset(snapshot: Snapshot): Check {
  const { limits, wallClock } = snapshot;
  const { offsetMs, source, uncertaintyMs } = wallClock;
  const far = isFar(offsetMs, uncertaintyMs, limits.clockWarnMs);
  return {
    name: 'clock:offset',
    ...(source === 'none' ? {} : { componentId: source }),
    componentType: 'system',
    observedValue: offsetMs === null ? null : Math.round(offsetMs),
    observedUnit: 'ms',
    ...verdict(
      far && {
        status: 'warn',
        output:
          source === 'pms'
            ? `The clocks of this box and of the PMS differ. ${bothReadings(snapshot)}`
            : `By the time servers the clock is ${side(offsetMs ?? 0)} by ${exact(offsetMs ?? 0)} (within ${exact(uncertaintyMs ?? 0)}). ${MEND}`,
      },
    ),
  };
}

/** With time servers the PMS's clock is a matter of its own. */
function pms({ limits, wallClock }: Snapshot): Check[] {
  const { pmsOffsetMs, pmsUncertaintyMs, source } = wallClock;
  if (source !== 'ntp' || pmsOffsetMs === null) return [];
  // Set beside the time servers' word, so that our own error is not put down to the PMS.
  const apartMs = pmsOffsetMs - (wallClock.offsetMs ?? 0);
  const far = isFar(apartMs, (pmsUncertaintyMs ?? 0) + (wallClock.uncertaintyMs ?? 0), limits.clockWarnMs);
  return [
    {
      name: 'clock:pms',
      componentType: 'system',
      observedValue: Math.round(apartMs),
      observedUnit: 'ms',
      ...verdict(
        far && {
          status: 'warn',
          output: `The PMS's clock is ${apartMs > 0 ? 'ahead of' : 'behind'} the time servers by ${exact(apartMs)}; this box does not follow it. Tell the operator of the PMS.`,
        },
      ),
    },
  ];
}

function isFar(offsetMs: number | null, uncertaintyMs: number | null, limitMs: number): boolean {
  return offsetMs !== null && Math.abs(offsetMs) - (uncertaintyMs ?? 0) > limitMs;
}

function bothReadings({ nowMs, wallClock }: Snapshot): string {
  const { pmsOffsetMs, pmsUncertaintyMs } = wallClock;
  const theirs = toUtcText(nowMs + (pmsOffsetMs ?? 0));
  return `This box says ${toUtcText(nowMs)}, the PMS ${theirs} (within ${exact(pmsUncertaintyMs ?? 0)}). Name time servers in clock.ntp_servers to know which is right.`;
}

function side(offsetMs: number): string {
  return offsetMs > 0 ? 'behind' : 'ahead';
}

/** Short spans to the millisecond. */
function exact(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1000) return `${Math.ceil(size)} ms`;
  return size < 10_000 ? `${(size / 1000).toFixed(1)} s` : span(Math.round(size / 1000) * 1000);
}
