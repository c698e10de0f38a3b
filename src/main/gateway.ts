/**
 * The composition root of the gateway: every part is made here and given what it needs; parts do not reach for each
 * other. Start order is the order of promises: buffer (recovered and fit) → trail (caught up and compared with who has seen
 * it) → lanes → PMS → HTTP. Stop is the reverse; the trail takes the entry `stop` too.
 */
import type { Archiver } from '../archive/archiver.ts';
import { systemClock, systemTimers } from '../base/clock.ts';
import type { Config, LoadedConfig } from '../base/config/load.ts';
import { Settings } from '../base/config/settings.ts';
import { type CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { outboxOperations } from '../control/outbox.ts';
import { reportOperations } from '../control/reports.ts';
import { ACT_NEEDS, actRoutes } from '../control/review/act-routes.ts';
import type { ReviewParts } from '../control/review/ports.ts';
import { TrainingLanes } from '../control/training/lanes.ts';
import type { Part } from '../health/server.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { People } from '../people/people.ts';
import type { Storage } from '../storage/storage.ts';
import { makeArchiver } from './archive.ts';
import { Commits } from './commits.ts';
import { openControl } from './control.ts';
import { type ActParts, openDashboard } from './dashboard.ts';
import { makeDiskWatch } from './disk.ts';
import { DuplicateTally } from './duplicate-tally.ts';
import { FirstVerification } from './first-verification.ts';
import { healthSources } from './health-sources.ts';
import { makeIntake } from './intake.ts';
import { LaneGaps } from './lane-gaps.ts';
import { LaneStatus } from './lane-status.ts';
import { openLanes } from './lanes.ts';
import { startMirror } from './mirror/supervisor.ts';
import { rosterWithUsers } from './named-roster.ts';
import { makePeople, noteIn, peopleOperations, userSigner } from './people.ts';
import { loadProducts } from './products.ts';
import { startPusher } from './push.ts';
import { keepForRecovery } from './recovery.ts';
import { takeSettings } from './reload.ts';
import { makeOutbox, targetsOf } from './reports/delivery.ts';
import { openReports } from './reports/schedule.ts';
import { reportSigning } from './reports/signing.ts';
import { requireAppendOnly } from './require-append-only.ts';
import { requirePeople } from './require-people.ts';
import { removeAddresses, writeAddresses } from './run-files.ts';
import type { Served } from './served.ts';
import { admissionOf, makeStorage } from './storage.ts';
import { openStores } from './stores.ts';
import { newestWriteMs, timekeeper } from './timekeeping.ts';
import { captureReason, type OpenTrail } from './trail.ts';
import { Uplink } from './uplink.ts';
import { startUploader } from './upload.ts';
import { openWeb } from './web.ts';
import { openWitnesses } from './witnesses.ts';

export interface GatewayAddresses {
  readonly mqtt: readonly string[];
  readonly http: readonly string[];
}

export interface GatewayParts {
  readonly log: Log;
  /** Called when the disk failed under the buffer: nothing more can be promised, the process must end. */
  readonly onFatal: (error: CounterfoilError) => void;
  /** Null: without a trail on disk, to measure what it costs. Its entries then stay in the buffer. */
  readonly openTrail?: OpenTrail | null;
  /** Take records and send none: for a box that is examined, or whose PMS must not hear from it. */
  readonly captureOnly?: boolean;
}

export class Gateway {
  readonly #settings: Settings;
  readonly #config: Config;
  readonly #parts: GatewayParts;
  /** What `stop` undoes, last first. */
  readonly #undo: (() => Promise<void>)[] = [];
  readonly #verification: FirstVerification;
  #noteRoster: () => Promise<void> = async () => {};
  #changeSettings: (next: LoadedConfig) => Promise<() => void> = async () => () => {};
  readonly #commits: Commits;
  /** Null before the start: no record can be quarantined then. */
  #intake: IntakeStage | null = null;
  /** How soon settled records go to the archive; nothing before there is one. */
  #reclaim: Archiver['setPace'] = () => {};
  /** What `reload` does, given the configuration in force. */
  readonly #reloads: (() => Promise<void> | void)[] = [];

  constructor(loaded: LoadedConfig, parts: GatewayParts) {
    this.#settings = new Settings(loaded);
    this.#config = this.#settings.config;
    this.#parts = parts;
    this.#commits = new Commits(systemClock, parts.log);
    this.#verification = new FirstVerification(this.#config.scheduleTwo, { clock: systemClock, log: parts.log });
  }

  /** Recovers the buffer, then serves lanes. Throws a `CounterfoilError` when the box is not fit; call `stop` then too. */
  async start(): Promise<GatewayAddresses> {
    const { log, openTrail, onFatal } = this.#parts;
    if (this.#config.production) await requireAppendOnly(this.#config.trailDir);
    requirePeople(this.#config);
    const products = loadProducts(this.#config.productTable);
    this.#verification.start();
    const newestWrite = newestWriteMs(this.#config.dataDir);
    const onQuarantined = (sequences: readonly number[]) => this.#intake?.tellQuarantined(sequences);
    const stores = await openStores({ loaded: this.#settings.loaded, log, onFatal, onQuarantined, openTrail });
    this.#undo.push(() => stores.close());
    const { buffer, trail } = stores;
    this.#changeSettings = (next) => takeSettings(this.#settings, next, { buffer, log });
    keepForRecovery(this.#config, log);
    const mirror = startMirror(this.#config, buffer, log, this.#undo);
    const witnesses = await openWitnesses({ config: this.#config, buffer, trail, log });
    this.#undo.push(() => witnesses.echo.stop());
    this.#noteRoster = () => this.#tellRoster(buffer);
    await this.#noteRoster();
    const training = this.#openTraining(buffer);
    const people = this.#openPeople(buffer);
    const status = new LaneStatus(this.#config, log);
    const tell = () => status.tell({ buffer, witnesses, intake, uplink, time, storage });
    const storage = this.#watchStorage(buffer, () => {
      tell();
      uplink.judgeMode();
    });
    const duplicates = new DuplicateTally({ buffer, timers: systemTimers, log });
    this.#undo.push(() => duplicates.stop());
    duplicates.start();
    const laneGaps = new LaneGaps(systemClock);
    const time = timekeeper(this.#config, { buffer, log, newestWriteMs: newestWrite, onChange: tell });
    const lanes = await openLanes(this.#config, { buffer, log, time, intake: () => this.#intake });
    this.#undo.push(() => lanes.stop());
    this.#reloads.push(() => lanes.reload());
    const [signatures, clockQuality] = [this.#verification.policy, () => time.quality()];
    const intake: IntakeStage = makeIntake({
      config: this.#config,
      buffer,
      products,
      signatures,
      clockQuality,
      admission: admissionOf(storage),
      identity: lanes.identity,
      commit: async (items) => {
        const results = await this.#commits.commit(buffer, storage, items);
        duplicates.see(items, results);
        laneGaps.see(items, results);
        return results;
      },
      training: { has: (lane) => training.has(lane), sink: { intake: (items) => buffer.practise(items) } },
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      log,
      onCommitted: () => uplink.wake(),
      checkpoint: (of) => witnesses.checkpoint(of),
      onWitnessed: (lane, note) => witnesses.echo.take(lane, note),
      onConsuming: tell,
    });
    const uplink: Uplink = new Uplink(this.#config, {
      buffer,
      clock: systemClock,
      log,
      storageOpen: () => storage.facts().level !== 'CLOSED',
      onSettled: (records) => intake.tellSettled(records),
      capture: () => captureReason(this.#parts.captureOnly === true, trail),
      onChange: tell,
      signersOf: (payload) => this.#verification.signersOf(payload),
      onPulse: (pulse) => time.takePulse(pulse),
      trail: witnesses.port,
      witnessKeys: witnesses.key,
    });
    this.#intake = intake;
    this.#undo.push(() => intake.stop());
    storage.start();
    await intake.start();
    await lanes.serve();
    this.#undo.push(() => time.stop());
    time.start();
    this.#undo.push(() => uplink.stop());
    uplink.start();
    this.#undo.push(async () => status.stop());
    status.start(tell);
    const archiver = makeArchiver(this.#config, { buffer, log, isBusy: () => intake.queueDepth > 0 });
    this.#undo.push(() => archiver.stop());
    archiver.start();
    this.#reclaim = (pace) => archiver.setPace(pace);
    const disk = makeDiskWatch(this.#config, log);
    this.#undo.push(async () => disk.stop());
    disk.start();
    const outbox = makeOutbox(this.#config, { buffer, log });
    this.#undo.push(() => outbox.stop());
    this.#reloads.push(() => outbox.setTargets(targetsOf(this.#config)));
    const served = {
      buffer,
      laneGaps,
      lanes,
      trail,
      witnesses,
      intake,
      uplink,
      time,
      storage,
      archiver,
      uploader: startUploader(this.#config, { buffer, trail, log, intake, uplink, undo: this.#undo }),
      disk,
      mirror,
      people,
      outbox,
    };
    const review = {
      buffer,
      clock: systemClock,
      clockQuality,
      products,
      roster: () => rosterWithUsers(this.#verification.roster, people.users),
      signatures,
      onActed: (moved: Parameters<ReviewParts['onActed']>[0]) => {
        intake.tellSettled(moved);
        uplink.wake();
      },
    };
    const signer = userSigner(people);
    const acts = { app: actRoutes(review, signer, log), needs: ACT_NEEDS };
    const http = await this.#serveHttp(served, { review, signer }, [acts]);
    const reports = openReports(this.#config, { buffer, trail, log, clockQuality, outbox });
    this.#undo.push(() => reports.stop());
    const closeControl = await openControl({
      dataDir: this.#config.dataDir,
      training,
      more: {
        ...peopleOperations(people, this.#config),
        ...lanes.operations,
        ...reportOperations(reports.desk),
        ...outboxOperations(outbox),
        ...reportSigning(this.#config, review, signer),
      },
      log,
      ...review,
      signer,
      records: { retentionYears: this.#config.retention.years, onExpired: () => void archiver.runSoon() },
    });
    this.#undo.push(closeControl);
    outbox.start();
    reports.start();
    const addresses = { mqtt: intake.addresses, http: [http] };
    this.#tellAddresses(addresses);
    return addresses;
  }

  /**
   * Takes over what can be taken over of another configuration (null: none), then reads what stands in files of its own again:
   * roster, certificates, tokens. What is unusable changes nothing.
   */
  async reload(next: LoadedConfig | null): Promise<void> {
    const tell = next === null ? null : await this.#changeSettings(next);
    for (const again of this.#reloads) await again();
    if (this.#verification.reload()) await this.#noteRoster();
    tell?.();
  }

  /** Commits and answers what was taken in, then closes everything; safe after a start that failed half-way. */
  async stop(): Promise<void> {
    // One part that cannot end well must not keep the others open.
    for (const undo of this.#undo.splice(0).reverse()) {
      await undo().catch((error: unknown) =>
        this.#parts.log.error('a part did not end well', { error: messageOf(error) }),
      );
    }
  }

  /** Not started yet: what it tells has to be there first. */
  #watchStorage(buffer: RecordBuffer, onChange: () => void): Storage {
    const parts = { clock: systemClock, timers: systemTimers, log: this.#parts.log };
    const storage = makeStorage({
      ...parts,
      config: this.#config,
      buffer,
      reclaim: (pace) => this.#reclaim(pace),
      onChange,
    });
    this.#undo.push(async () => storage.stop());
    return storage;
  }

  /** The trail says by which roster Schedule II records are judged from here on. */
  async #tellRoster(buffer: RecordBuffer): Promise<void> {
    const entry = this.#verification.entry();
    if (entry !== null) await buffer.note('schedule_two', 'roster', entry);
  }

  #openTraining(buffer: RecordBuffer): TrainingLanes {
    const training = new TrainingLanes({ buffer, clock: systemClock, timers: systemTimers, log: this.#parts.log });
    this.#undo.push(async () => training.stop());
    training.start();
    return training;
  }

  #openPeople(buffer: RecordBuffer): People {
    const people = makePeople(this.#config, noteIn(buffer), this.#parts.log);
    this.#undo.push(() => people.stop());
    people.start();
    return people;
  }

  async #serveHttp(stages: Served, acts: ActParts, parts: readonly Part[]): Promise<string> {
    const { log } = this.#parts;
    const commitFailure = () => this.#commits.failure;
    const told = { settings: this.#settings, clock: systemClock, verification: this.#verification, commitFailure };
    const sources = healthSources({ ...told, ...stages });
    this.#undo.push(startPusher(this.#config, sources, log));
    const loaded = () => this.#settings.loaded;
    const dashboard = await openDashboard({ loaded, sources, log, ...stages, ...acts });
    this.#undo.push(() => dashboard.stop());
    const web = await openWeb({ ...stages, config: this.#config, sources, parts: [...parts, dashboard.part], log });
    this.#undo.push(() => web.stop());
    this.#reloads.push(() => web.reload());
    return web.url;
  }

  /** Convenience for other programs: a full disk must not keep lanes out because of it. */
  #tellAddresses(addresses: GatewayAddresses): void {
    const { dataDir } = this.#config;
    this.#undo.push(async () => removeAddresses(dataDir));
    try {
      writeAddresses(dataDir, { ...addresses, pid: process.pid });
    } catch (error) {
      this.#parts.log.warn('the addresses could not be written to run/addresses.json', { error: messageOf(error) });
    }
  }
}
