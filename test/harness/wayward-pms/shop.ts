/**
 * A whole store for one test: a wayward PMS, the real gateway as a process, tills on real MQTT. `settleDown` brings good
 * weather and waits until nothing waits any more; `problems` is then everything the outside checker has against it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Random } from '../../../src/base/clock.ts';
import { type AttemptRules, checkAttempts } from '../checker/attempts.ts';
import { type BooksRules, checkBooks } from '../checker/books.ts';
import { checkBuffer } from '../checker/check.ts';
import { readWholeTrail } from '../checker/trail.ts';
import { Publisher } from '../crash/publisher.ts';
import { below } from '../crash/random.ts';
import { makeRecord, type TestRecord } from '../crash/records.ts';
import { Recorder } from '../crash/shim.ts';
import { World } from '../crash/world.ts';
import { Gateway, STORE } from '../gateway.ts';
import type { Scene } from '../scene.ts';
import type { Opinion } from './ledger.ts';
import { WaywardPms } from './server.ts';

const SHORT_LIMITS = join(import.meta.dirname, '../short-limits.ts');
/** Where Node keeps the stripped sources of the test's gateways: the second start takes half the time. */
const COMPILE_CACHE = join(import.meta.dirname, '../../../node_modules/.cache/counterfoil-test');
/** Most of a test gateway's life is its start: a young generation that holds all of it spares a tenth of the work. */
const NO_EARLY_COLLECTION = ['--min-semi-space-size=16'];
const LANES = ['lane-1', 'lane-2'];
/** Notes long enough that a few records are worth compressing, short enough that many are not too much for the PMS. */
/** Of tills whose record was deferred; the gateway closes its door for a moment after a full disk. */
const MOST_TRIES = 2000;
const LONGEST_NOTE = 300;

export interface ShopOptions {
  readonly random: Random;
  readonly opinionOf?: (key: string) => Opinion;
  readonly poisonous?: (key: string) => boolean;
  /** Modules loaded into the gateway beside the short limits. */
  readonly plants?: readonly string[];
  /** The gateway runs over the recorder, which hands out disk faults and kills at file calls. */
  readonly overRecorder?: boolean;
}

export class Shop {
  readonly world = new World();
  readonly pms: WaywardPms;
  readonly gateway: Gateway;
  /** Orders disk faults; only with `overRecorder`. */
  readonly recorder: Recorder;
  readonly #random: Random;
  readonly #strangers: Strangers;
  #lanes: Publisher[] = [];
  #view: Database.Database | null = null;

  private constructor(
    parts: { pms: WaywardPms; gateway: Gateway; recorder: Recorder; strangers: Strangers },
    random: Random,
  ) {
    this.pms = parts.pms;
    this.gateway = parts.gateway;
    this.recorder = parts.recorder;
    this.#strangers = parts.strangers;
    this.#random = random;
    this.world.onReceipt = () => this.pms.news.ring();
  }

  /** A store with its gateway running and its tills connected; all of it ends with the scene. */
  static async open(scene: Scene, options: ShopOptions): Promise<Shop> {
    const strangers = await Strangers.start(scene);
    const pms = await WaywardPms.start({ elsewhere: strangers.url, ...options });
    scene.onClose(() => pms.close());
    const folder = scene.folder();
    const recorder = new Recorder(folder, scene.folder(), false);
    recorder.start();
    scene.onClose(() => recorder.stop());
    const gateway = new Gateway(folder, {
      pmsUrl: pms.url,
      preload: [SHORT_LIMITS, ...(options.plants ?? [])],
      nodeOptions: NO_EARLY_COLLECTION,
      env: {
        COUNTERFOIL_TUNED: '1',
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ...(options.overRecorder ? recorder.environment() : {}),
      },
    });
    scene.onClose(() => gateway.kill());
    const shop = new Shop({ pms, gateway, recorder, strangers }, options.random);
    scene.onClose(() => shop.#leave());
    await shop.enter();
    return shop;
  }

  /** The gateway starts; tills connect, and send again what nobody has acknowledged. */
  async enter(): Promise<void> {
    await this.gateway.start();
    this.gateway.onEnd(() => this.pms.news.ring());
    const { host, port } = this.gateway.mqtt;
    for (const lane of LANES) {
      this.#lanes.push(await Publisher.open({ host, port, store: STORE, lane, world: this.world }));
    }
    this.#view = new Database(this.gateway.bufferFile, { readonly: true, fileMustExist: true });
    await this.sendAgain();
  }

  /**
   * New records from all tills, of both streams or of one schedule; resolves when all are answered or the gateway is gone.
   * `made` sees them before they leave.
   */
  async publish(count: number, schedule?: string, made?: (records: readonly TestRecord[]) => void): Promise<void> {
    const note = () => below(this.#random, LONGEST_NOTE);
    const records = Array.from({ length: count }, () => makeRecord(this.#random, note(), schedule));
    made?.(records);
    await this.#send(records);
  }

  /** Tills send again what was not acknowledged, as they do after a deferral, until it is taken or a connection is gone. */
  async sendAgain(): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      await this.#send(this.world.unacknowledged());
      if (this.world.unacknowledged().length === 0 || this.#lanes.some(({ alive }) => !alive)) return;
    }
    throw new Error(`${this.world.unacknowledged().length} records are still not taken after ${MOST_TRIES} tries`);
  }

  async #send(records: readonly TestRecord[]): Promise<void> {
    for (const [index, lane] of this.#lanes.entries()) {
      lane.send(records.filter((_, place) => place % this.#lanes.length === index));
    }
    await Promise.all(this.#lanes.map((lane) => lane.settled()));
  }

  /** The process ends (SIGKILL: without a word) and another takes its place. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.stop(signal);
    await this.enter();
  }

  /** Ends the process, if it still runs, and hangs up the tills. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.gateway.stop(signal);
    await this.#leave();
  }

  /** Nothing waits for the PMS, and no marker for its turn. */
  get quiet(): boolean {
    return this.waiting === 0;
  }

  /** Records and markers that wait for the PMS. */
  get waiting(): number {
    const waiting = this.#view
      ?.prepare<[], number>(
        `SELECT (SELECT COUNT(*) FROM record WHERE state IN (0, 2)) + (SELECT COUNT(*) FROM gap WHERE noted_ms IS NULL)`,
      )
      .pluck()
      .get();
    return waiting ?? 0;
  }

  /** Nothing waits, and the PMS has everything. */
  get done(): boolean {
    return this.quiet && this.#complete;
  }

  /** Done, and the newest attempt's answer is on record; not for a process that never made one. */
  get idle(): boolean {
    return this.done && ([0, 1] as const).every((log) => this.#newestOf(log) !== 'asked');
  }

  #newestOf(log: 0 | 1): 'asked' | 'answered' {
    // Looked at with every request: all of the trail is read only when rows have left and none of them is left that tells.
    const inRows = this.#view
      ?.prepare<[number], string>(
        `SELECT json_extract(entry, '$.k') FROM trail_entry WHERE log = ? AND entry LIKE '%"k":"sync_%' ORDER BY i DESC LIMIT 1`,
      )
      .pluck()
      .get(log);
    const pruned = this.#view?.prepare<[number], number>('SELECT pruned_size FROM trail_store WHERE log = ?').pluck();
    const kind = inRows ?? ((pruned?.get(log) ?? 0) > 0 ? newestSyncEntry(this.gateway.dataDir, log) : undefined);
    return kind === 'sync_attempt' || kind === 'sync_lookup' ? 'asked' : 'answered';
  }

  /** Looked at with every request to the PMS, its heartbeats included, and with every receipt. */
  async until(holds: () => boolean, what: string): Promise<void> {
    await this.pms.news.until(holds, () => `${what} (${this.waiting} records and markers wait)`);
  }

  /**
   * Good weather until nothing waits and the PMS has everything; one more record of each stream, because a PMS that lost
   * its books is asked by nobody while there is nothing to send.
   */
  async settleDown(): Promise<void> {
    this.pms.behave();
    if (!this.gateway.running) {
      await this.#leave();
      await this.enter();
    }
    await this.#send(['II', 'IV'].map((schedule) => makeRecord(this.#random, 0, schedule)));
    await this.until(() => this.done, 'that everything settled');
    const { code } = await this.gateway.stop();
    await this.#leave();
    if (code !== 0) throw new Error(`the gateway ended with ${code}:\n${this.gateway.output}`);
  }

  /** Whether the PMS's books are as long as the buffer's streams. */
  get #complete(): boolean {
    const numbers = this.#view
      ?.prepare<[], { two: number; standard: number }>(
        'SELECT TOTAL(schedule = 2) AS two, TOTAL(schedule <> 2) AS standard FROM record',
      )
      .get();
    const { ledger } = this.pms;
    return (
      ledger.expected('schedule_two') > (numbers?.two ?? 0) && ledger.expected('standard') > (numbers?.standard ?? 0)
    );
  }

  /** Everything the checker, the PMS and a host that is none of ours have against the gateway, which has ended. */
  problems(rules: Partial<BooksRules & AttemptRules> = {}): string[] {
    const { dataDir } = this.gateway;
    const expected = this.world.expectation();
    return [
      ...checkBuffer(dataDir, expected),
      ...checkBooks(this.pms.ledger, dataDir, expected, { mayGiveUp: 0, damaged: 0, ...rules }),
      ...checkAttempts(dataDir, this.pms.requests, { unwritten: 0, ...rules }),
      ...this.pms.complaints,
      ...this.#strangers.visits,
    ];
  }

  async #leave(): Promise<void> {
    this.#view?.close();
    this.#view = null;
    for (const lane of this.#lanes.splice(0)) await lane.close();
  }
}

/** A host that is not the PMS and would say yes to everything: whatever reaches it is a problem. */
class Strangers {
  readonly visits: string[] = [];
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(scene: Scene): Promise<Strangers> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    scene.onClose(() => {
      server.closeAllConnections();
      server.close();
    });
    const strangers = new Strangers(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => {
      strangers.visits.push(`${request.method} ${request.url} reached a host that is not the PMS`);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"results":[]}');
    });
    return strangers;
  }
}

function newestSyncEntry(dataDir: string, log: 0 | 1): string | undefined {
  const kinds = readWholeTrail(dataDir, log).map((text) => String((JSON.parse(text) as { k: unknown }).k));
  return kinds.findLast((kind) => kind.startsWith('sync_'));
}
