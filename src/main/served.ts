/** The stages of a running gateway, as health and the dashboard read them. */
import type { Archiver } from '../archive/archiver.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { Timekeeper } from '../link/time/timekeeper.ts';
import type { People } from '../people/people.ts';
import type { Outbox } from '../reports/deliver/outbox.ts';
import type { DiskWatch } from '../storage/disk-watch.ts';
import type { Storage } from '../storage/storage.ts';
import type { Trail } from '../trail/api.ts';
import type { LaneGaps } from './lane-gaps.ts';
import type { OpenLanes } from './lanes.ts';
import type { MirrorSupervisor } from './mirror/supervisor.ts';
import type { Uplink } from './uplink.ts';
import type { startUploader } from './upload.ts';
import type { Witnesses } from './witnesses.ts';

/** What health reads of the stages. */
export interface Served {
  readonly buffer: RecordBuffer;
  readonly trail: Trail | null;
  readonly witnesses: Witnesses;
  readonly intake: IntakeStage;
  readonly uplink: Uplink;
  readonly time: Timekeeper;
  readonly storage: Storage;
  readonly disk: DiskWatch;
  readonly mirror: MirrorSupervisor | null;
  readonly archiver: Archiver;
  readonly uploader: ReturnType<typeof startUploader>;
  readonly outbox: Outbox;
  readonly people: People;
  readonly laneGaps: LaneGaps;
  readonly lanes: OpenLanes;
}
