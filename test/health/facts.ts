/** A gateway in good health, to be spoilt by each test. */
import type { BufferFacts } from '../../src/buffer/api.ts';
import { takeSnapshot } from '../../src/health/snapshot.ts';
import type {
  DiskFacts,
  HealthSources,
  LayerFacts,
  LinkFacts,
  StorageFacts,
  StreamFacts,
  TrailFacts,
  TrailLogFacts,
  WallClockFacts,
} from '../../src/health/sources.ts';
import type { Schedule } from '../../src/record/types.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 9, 0, 0);
/** Monotonic time of the snapshot; the gateway has been up for an hour. */
export const MONOTONIC_MS = 10_000_000;
const HOUR_MS = 3_600_000;

export const GOOD_BUFFER: BufferFacts = {
  epoch: '0a1b2c3d',
  lastSequence: 120,
  counts: { NONE: { SYNCED: 80 }, II: { SYNCED: 20 }, III: {}, IV: { SYNCED: 19 }, V: { RESOLVED: 1 } },
  oldestPending: {},
  refusedOpen: 0,
  conflictOpen: 0,
  duplicatesTotal: 3,
  unprovedTotal: 0,
  acceptedTotal: 120,
  lastCommitAtMs: NOW_MS - 2500,
  commitsTotal: 40,
  recentCommitMs: [4, 1, 2, 3, 9],
  auditSize: { audit: 130, schedule_two: 25 },
};

const OK_LAYER: LayerFacts = {
  verdict: 'ok',
  latencyMs: 1.5,
  code: null,
  reason: null,
  advice: null,
  atMs: NOW_MS - 1000,
};
export const GOOD_LINK: LinkFacts = {
  link: 'ONLINE',
  sinceMs: NOW_MS - HOUR_MS,
  layers: {
    dns: OK_LAYER,
    tcp: OK_LAYER,
    tls: OK_LAYER,
    heartbeat: OK_LAYER,
    delivery: { ...OK_LAYER, latencyMs: null },
  },
  certificateUntilMs: NOW_MS + 90 * 24 * HOUR_MS,
  clientCertificateUntilMs: null,
};

export const GOOD_STREAM: StreamFacts = {
  stream: 'standard',
  stopped: false,
  alarm: null,
  breaker: 'closed',
  lastAttemptAtMs: MONOTONIC_MS - 4000,
  lastReceiptAtMs: MONOTONIC_MS - 3900,
  waitingSinceMs: null,
  lastFault: null,
  attemptsTotal: 12,
  receiptsTotal: 100,
  settledTotal: 99,
  unprovedTotal: 0,
};

export const GOOD_STORAGE: StorageFacts = {
  level: 'CLOSED',
  levelForMs: HOUR_MS,
  utilisation: 0.123456,
  by: 'buffer_disk',
  shares: { buffer_disk: 0.123456, trail_disk: 0.1 },
  freeBytes: 2 ** 33,
  totalBytes: 2 ** 34,
  fullInMs: null,
  isBlind: false,
  ballastBytes: 2 ** 21,
  ballastTargetBytes: 2 ** 21,
  deferredTotal: { schedule_two: 0, controlled: 0, other: 0 },
};

export const GOOD_CLOCK: WallClockFacts = {
  quality: 'synchronised',
  source: 'ntp',
  offsetMs: 4,
  uncertaintyMs: 20,
  pmsOffsetMs: 300,
  pmsUncertaintyMs: 520,
  doubt: null,
  steps: 1,
  servers: [{ server: 'time.test', state: 'ok' }],
};

export const GOOD_DISK: DiskFacts = {
  readOnly: [],
  wear: { usedPercent: 10, isFailing: false, temperatureC: null },
  smartReport: 'none',
  writtenPerDayBytes: 2e9,
  daysLeft: 9000,
  boxTemperatureC: 45,
};

export const GOOD_LOG: TrailLogFacts = {
  fixedSize: 130,
  storedSize: 130,
  lagMs: 0,
  checkpoint: {
    size: 128,
    note: 'gw-0042/0a1b2c3d/audit\n128\n…\n',
    verifierKey: 'gw-0042/0a1b2c3d/audit+01234567+AQ…',
    atMs: NOW_MS - 4000,
  },
  cosignedSize: 120,
  witness: {
    alarm: null,
    cosigned: { note: 'gw-0042/0a1b2c3d/audit\n120\n…\n', cosignature: '— pms.test …', atMs: MONOTONIC_MS - 9000 },
    unwitnessedSinceMs: null,
  },
};

export const GOOD_TRAIL: TrailFacts = {
  worm: 'none',
  logs: { audit: GOOD_LOG, schedule_two: { ...GOOD_LOG, fixedSize: 25, storedSize: 25 } },
  witnessKey: 'pms.test+0304462a+BG…',
  troubles: [],
};

export const ENTERED = { NORMAL: 1, FALLBACK: 1, RECONCILING: 1, CAPTURE: 0 };

/** Sources of a gateway in good health; `spoilt` replaces some of them. */
export function sourcesOf(spoilt: Partial<HealthSources> = {}): HealthSources {
  return {
    clock: { utcMs: () => NOW_MS, monotonicMs: () => MONOTONIC_MS },
    about: {
      gatewayId: 'gw-0042',
      store: '0042',
      storeName: 'Main <Street> Pharmacy',
      version: '0.1.0',
      production: false,
      startedAtMs: NOW_MS - HOUR_MS,
      startedAtMonotonicMs: MONOTONIC_MS - HOUR_MS,
    },
    limits: {
      oldestPendingMs: 120_000,
      scheduleTwoDepth: 1000,
      clockWarnMs: 2000,
    },
    buffer: () => GOOD_BUFFER,
    commitFailure: () => null,
    intake: () => ({
      listening: true,
      addresses: ['mqtt://127.0.0.1:1883'],
      connections: 2,
      connectionsLimit: 256,
      queueDepth: 0,
      queueLimit: 4096,
      lanes: [
        {
          lane: 'lane-1',
          connections: 2,
          lastSeenAtMs: NOW_MS - 100,
          publishes: 123,
          refused: 0,
          missing: 0,
          missingSinceMs: null,
          clockOffsetMs: -400,
        },
      ],
      external: null,
    }),
    link: () => GOOD_LINK,
    mode: () => ({ mode: 'NORMAL', sinceMs: MONOTONIC_MS - HOUR_MS, reasons: [], entered: ENTERED }),
    streams: () => [GOOD_STREAM, { ...GOOD_STREAM, stream: 'schedule_two' }],
    storage: () => GOOD_STORAGE,
    disk: () => GOOD_DISK,
    roster: () => null,
    wallClock: () => GOOD_CLOCK,
    trail: () => GOOD_TRAIL,
    archive: () => null,
    uploads: () => null,
    mirror: () => null,
    delivery: () => null,
    warnings: () => [],
    people: () => null,
    enrolment: () => null,
    ...spoilt,
  };
}

export const snapshotOf = (spoilt: Partial<HealthSources> = {}) => takeSnapshot(sourcesOf(spoilt));

export const bufferWith = (part: Partial<BufferFacts>) => ({ buffer: () => ({ ...GOOD_BUFFER, ...part }) });

/** A buffer whose oldest pending record of `schedule` is this old. */
export function withPending(schedule: Schedule, ageMs: number, sameBoot = true, sequence = 121) {
  return bufferWith({
    counts: { ...GOOD_BUFFER.counts, [schedule]: { PENDING: 1 } },
    oldestPending: { [schedule]: { sequence, receivedAtMs: NOW_MS - ageMs, ageMs, sameBoot } },
  });
}
