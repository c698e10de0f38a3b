/** What the health stage reads, collected from the parts; each function answers from memory. */
import type { Archiver } from '../archive/archiver.ts';
import type { Uploader } from '../archive/upload/uploader.ts';
import type { Clock } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Settings } from '../base/config/settings.ts';
import type { CounterfoilError } from '../base/errors.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { bufferPaths } from '../buffer/files.ts';
import { isRestoredUnsigned } from '../buffer/restored-epoch.ts';
import type { EnrolmentFacts } from '../health/proof-facts.ts';
import type { HealthSources, StorageFacts, TrailFacts } from '../health/sources.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { Timekeeper } from '../link/time/timekeeper.ts';
import type { People } from '../people/people.ts';
import type { Outbox } from '../reports/deliver/outbox.ts';
import type { DiskWatch } from '../storage/disk-watch.ts';
import type { Storage } from '../storage/storage.ts';
import type { Trail } from '../trail/api.ts';
import type { FirstVerification } from './first-verification.ts';
import type { LaneGaps } from './lane-gaps.ts';
import type { MirrorSupervisor } from './mirror/supervisor.ts';
import { deliveryFacts } from './reports/delivery.ts';
import type { Uplink } from './uplink.ts';
import { VERSION } from './version.ts';
import type { Witnesses } from './witnesses.ts';

export interface HealthParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly buffer: RecordBuffer;
  readonly intake: IntakeStage;
  readonly uplink: Uplink;
  readonly verification: FirstVerification;
  readonly time: Timekeeper;
  /** Null when there is none, to measure what it costs. */
  readonly trail: Trail | null;
  readonly witnesses: Witnesses;
  readonly archiver: Archiver;
  /** Null when nothing is uploaded. */
  readonly uploader: Uploader | null;
  readonly outbox: Outbox;
  readonly storage: Storage;
  readonly disk: DiskWatch;
  /** Null without a second medium. */
  readonly mirror: MirrorSupervisor | null;
  readonly laneGaps: LaneGaps;
  readonly people: People;
  readonly lanes: { facts(): EnrolmentFacts };
  /** The latest commit's failure, null when it succeeded. */
  readonly commitFailure: () => { error: CounterfoilError; atMs: number } | null;
}

const RESTORED_UNSIGNED = {
  key: 'restored',
  message:
    'This gateway was restored from a backup or a rescued disk, and nobody has signed for it. Check what tills have sent again, stop it, and sign: counterfoil epoch open --reason restore_confirmed.',
};

export function healthSources(parts: HealthParts): HealthSources {
  const { clock, intake, uplink, buffer } = parts;
  const { config } = parts.settings;
  // A signature comes by "epoch open", for which the gateway is stopped: this cannot change while it runs.
  const restored = isRestoredUnsigned(bufferPaths(config.dataDir).db) ? [RESTORED_UNSIGNED] : [];
  return {
    clock,
    about: {
      gatewayId: config.gateway.id,
      store: config.gateway.store,
      storeName: config.gateway.name,
      version: VERSION,
      production: config.production,
      startedAtMs: clock.utcMs(),
      startedAtMonotonicMs: clock.monotonicMs(),
    },
    limits: following(() => ({
      oldestPendingMs: config.fallback.oldestPendingSeconds * 1000,
      scheduleTwoDepth: config.fallback.scheduleTwoDepthLimit,
      clockWarnMs: config.clock.warnSeconds * 1000,
    })),
    buffer: () => buffer.facts(),
    commitFailure: () => {
      const failure = parts.commitFailure();
      return failure === null ? null : { code: failure.error.code, atMs: failure.atMs };
    },
    intake: () => ({
      listening: intake.isListening,
      addresses: intake.addresses,
      connections: intake.connections,
      connectionsLimit: config.intake.maxConnections,
      queueDepth: intake.queueDepth,
      queueLimit: config.intake.queueLimit,
      lanes: intake.lanes().map((lane) => ({ ...lane, ...parts.laneGaps.of(lane.lane) })),
      external: intake.external(),
    }),
    link: () => uplink.link(),
    mode: () => uplink.mode(),
    streams: () => uplink.streams(),
    storage: () => storageFacts(parts.storage),
    disk: () => parts.disk.facts(),
    mirror: () => parts.mirror?.facts() ?? null,
    wallClock: () => parts.time.facts(),
    trail: () => trailFacts(parts),
    delivery: () => deliveryFacts(parts.outbox),
    archive: () => parts.archiver.facts(),
    uploads: () => parts.uploader?.facts() ?? null,
    roster: () => parts.verification.facts(),
    warnings: () => [...parts.settings.warnings(), ...restored],
    people: () => parts.people.facts(),
    enrolment: () => parts.lanes.facts(),
  };
}

function trailFacts({ trail, uplink, witnesses }: HealthParts): TrailFacts | null {
  if (trail === null) return null;
  const { logs, ...facts } = trail.facts();
  const seen = uplink.witnesses();
  return {
    ...facts,
    witnessKey: witnesses.key.pinned(),
    logs: {
      audit: { ...logs.audit, witness: seen.audit },
      schedule_two: { ...logs.schedule_two, witness: seen.schedule_two },
    },
  };
}

/** Null before the first measurement. */
function storageFacts(storage: Storage): StorageFacts | null {
  const { reading, utilisation, ...facts } = storage.facts();
  if (reading === null) return null;
  const { freeBytes, usedBytes } = reading.bufferDisk;
  const { by, share, shares } = utilisation;
  return { ...facts, by, shares, utilisation: share, freeBytes, totalBytes: freeBytes + usedBytes };
}
