/**
 * Everything between the buffer and the PMS, put together: the link's probes, the two sync streams, and the mode that
 * tells people how far the PMS is behind. Each change of link and mode is a trail entry.
 */
import { type Clock, systemTimers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import { readSecret } from '../base/config/secrets.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer, SettledRecord } from '../buffer/api.ts';
import type { Pulse } from '../link/heartbeat.ts';
import type { LayerChange } from '../link/journal.ts';
import { Link } from '../link/link.ts';
import type { ModeChange, ModeState } from '../link/mode.ts';
import { LINK_DEFAULTS, type LinkOptions } from '../link/options.ts';
import { systemResolve } from '../link/probe.ts';
import type { LinkState } from '../link/verdict.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import { SYNC_DEFAULTS } from '../sync/options.ts';
import type { TrailPort, WitnessKeys } from '../sync/ports.ts';
import { Reconciliation } from '../sync/reconciliation.ts';
import { Sync } from '../sync/sync.ts';
import { ModeWatch } from './mode-watch.ts';
import { type PmsTls, readPmsTls } from './pms-tls.ts';

export interface UplinkParts {
  readonly buffer: RecordBuffer;
  readonly clock: Clock;
  readonly log: Log;
  readonly onSettled: (records: readonly SettledRecord[]) => void;
  /** The storage breaker is not closed. */
  readonly storageOpen: () => boolean;
  /** Why nothing more than capturing is promised; by `capture` nothing is sent. Looked at every second. */
  readonly capture: () => 'capture' | 'trail_lost' | null;
  /** Link or mode has changed. */
  readonly onChange: () => void;
  /** `kid` of every signature on a stored Schedule II record that holds. */
  readonly signersOf: (payload: Buffer) => readonly string[];
  /** A heartbeat passed; it carries the PMS's word about the time. */
  readonly onPulse: (pulse: Pulse) => void;
  /** What the PMS bears witness of, and by which key. */
  readonly trail: TrailPort;
  readonly witnessKeys: WitnessKeys;
}

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #tls: PmsTls;
  readonly #link: Link;
  readonly #sync: Sync;
  readonly #mode: ModeWatch;
  readonly #reconciliation: Reconciliation;

  /** Throws `config_unreadable` for TLS files of the PMS that cannot be used. */
  constructor(config: Config, parts: UplinkParts) {
    this.#parts = parts;
    this.#tls = readPmsTls(config.pms);
    const readToken = () => readSecret(config.pms.tokenFile, 'pms_token', process.env);
    const shared = { clock: parts.clock, timers: systemTimers, random: Math.random, log: parts.log };
    this.#sync = new Sync(
      following(() => ({ ...SYNC_DEFAULTS, pmsUrl: config.pms.url, ...syncOptions(config.sync), tls: this.#tls })),
      {
        ...shared,
        buffer: parts.buffer,
        readToken,
        heartbeatOk: () => this.#link.heartbeatOk(),
        trail: parts.trail,
        witnessKeys: parts.witnessKeys,
        events: {
          onSettled: parts.onSettled,
          onDelivery: () => this.#mode.judge(),
          onAlarm: (stream, alarm, active) => {
            if (active) parts.log.error('sync needs attention', { stream, reason: alarm });
            else parts.log.info('sync is well again', { stream, reason: alarm });
          },
        },
      },
    );
    this.#link = new Link(
      following(() => linkOptions(config, this.#tls)),
      {
        ...shared,
        resolve: systemResolve,
        authorization: () => bearer(readToken),
        delivery: () => this.#sync.status(),
        onProbe: () => this.#mode.judge(),
        onHeartbeatBack: () => this.#sync.linkRestored(),
        onPulse: parts.onPulse,
        onLayers: (changes) => this.#layersChanged(changes),
        onChange: ({ from, to, fault }) => {
          this.#note('link', { from, to, reason: fault ?? '' });
          parts.onChange();
        },
      },
    );
    this.#reconciliation = new Reconciliation({
      buffer: parts.buffer,
      clock: parts.clock,
      log: parts.log,
      store: config.gateway.store,
      deaRegistration: config.gateway.deaRegistration,
      signersOf: parts.signersOf,
      checkpoint: () => parts.trail.checkpoint('schedule_two'),
    });
    this.#mode = new ModeWatch(config, {
      clock: parts.clock,
      timers: systemTimers,
      facts: () => this.#modeFacts(),
      onChange: (change) => this.#modeChanged(change),
    });
  }

  start(): void {
    // A run that the end of the process cut short: what it brought to an end is on disk, and so will be its manifest.
    this.#reconciliation.end('interrupted');
    if (this.#parts.capture() !== 'capture') this.#sync.start();
    this.#link.start();
    this.#mode.start();
  }

  async stop(): Promise<void> {
    this.#mode.stop();
    await this.#link.stop();
    await this.#sync.stop();
    await this.#reconciliation.settled();
  }

  /** New records are on disk. */
  wake(): void {
    this.#sync.wake();
  }

  /** Something the mode depends on has changed. */
  judgeMode(): void {
    this.#mode.judge();
  }

  link(): LinkState & { readonly clientCertificateUntilMs: number | null } {
    return { ...this.#link.state(), clientCertificateUntilMs: this.#tls.clientCertificateUntilMs };
  }

  mode(): ModeState & { readonly entered: ReturnType<ModeWatch['entered']> } {
    return { ...this.#mode.state(), entered: this.#mode.entered() };
  }

  streams() {
    return this.#sync.status();
  }

  witnesses() {
    return this.#sync.witnesses();
  }

  #layersChanged(changes: readonly LayerChange[]): void {
    for (const { layer, verdict, code, changes: count } of changes) {
      const why = code === null ? {} : { code };
      this.#parts.log.info('a layer of the link has changed', { layer, to: verdict, ...why, count });
    }
    this.#note('link_layer', { layers: changes });
  }

  #modeChanged({ from, to, reasons, lastedMs }: ModeChange): void {
    this.#parts.log.warn('the mode has changed', { from, to, reason: reasons.join(', ') });
    this.#note('mode', { from, to, reasons: [...reasons], lasted_ms: Math.round(lastedMs) });
    this.#parts.onChange();
    // A run is everything from the loss of the line to an empty queue: records can move before the mode says so.
    if (from === 'RECONCILING') this.#reconciliation.end(to === 'NORMAL' ? 'drained' : 'interrupted');
    if (to === 'FALLBACK' || to === 'RECONCILING') this.#reconciliation.begin();
  }

  #modeFacts() {
    const facts = this.#parts.buffer.facts();
    return {
      link: this.#link.state().link,
      oldestPending: Object.values(facts.oldestPending),
      scheduleTwoDepth: facts.counts.II.PENDING ?? 0,
      storageOpen: this.#parts.storageOpen(),
      lastReceiptAtMs: this.#sync.delivery().lastReceiptAtMs,
      capture: this.#parts.capture(),
    };
  }

  /** A trail entry that nothing waits for; if the disk fails under it, the buffer ends the process itself. */
  #note<K extends TrailKind>(kind: K, body: TrailBodyOf<K>): void {
    this.#parts.buffer.note('audit', kind, body).catch((error: unknown) => {
      this.#parts.log.error('a trail entry could not be written', { error: messageOf(error) });
    });
  }
}

function syncOptions({ startSpreadSeconds, ...same }: Config['sync']) {
  return { ...same, startSpreadMs: startSpreadSeconds * 1000 };
}

function linkOptions({ pms }: Config, { ca, cert, key }: PmsTls): LinkOptions {
  return {
    ...LINK_DEFAULTS,
    pmsUrl: pms.url,
    ca,
    cert,
    key,
    heartbeatMs: pms.heartbeatSeconds * 1000,
    timeoutMs: pms.timeoutSeconds * 1000,
    offlineAfter: pms.offlineAfter,
    onlineAfter: pms.onlineAfter,
    deliveryLimitMs: pms.deliverySeconds * 1000,
  };
}

/** The heartbeat's own look at the token: an unreadable one is the sync stage's alarm, not a dead link. */
function bearer(read: () => string | null): string | null {
  try {
    const token = read()?.trim();
    return token === undefined || token === '' ? null : `Bearer ${token}`;
  } catch {
    return null;
  }
}
