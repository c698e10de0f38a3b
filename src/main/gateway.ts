/**
 * The composition root of the gateway: every part is made here and given what it needs; parts do not reach for each
 * other. Start order is the order of promises: buffer (recovered and fit) → lanes → link and sync → HTTP.
 */

import { systemClock } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import type { CounterfoilError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { openBuffer } from '../buffer/open.ts';
import { Intake } from '../intake/intake.ts';
import { loadProducts } from './products.ts';
import { removeAddresses, writeAddresses } from './run-files.ts';

export interface GatewayAddresses {
  readonly mqtt: readonly string[];
  readonly http: readonly string[];
}

export interface GatewayParts {
  readonly log: Log;
  /** Called when the disk failed under the buffer: nothing more can be promised, the process must end. */
  readonly onFatal: (error: CounterfoilError) => void;
}

export class Gateway {
  readonly #config: Config;
  readonly #parts: GatewayParts;
  #buffer: RecordBuffer | null = null;
  #intake: Intake | null = null;

  constructor(config: Config, parts: GatewayParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** Recovers the buffer, then serves lanes. Throws a `CounterfoilError` when the box is not fit. */
  async start(): Promise<GatewayAddresses> {
    const { gateway, dataDir } = this.#config;
    const products = loadProducts(this.#config.productTable);
    const buffer = await openBuffer({
      dataDir,
      gatewayId: gateway.id,
      clock: systemClock,
      onFatal: this.#parts.onFatal,
    });
    this.#buffer = buffer;
    await buffer.note('audit', 'start', { version: '0.1.0' });
    this.#intake = new Intake(intakeOptions(this.#config, buffer, products), {
      sink: buffer,
      clock: systemClock,
      log: this.#parts.log,
      onCommitted: () => {},
    });
    await this.#intake.start();
    const addresses = { mqtt: this.#intake.addresses, http: [] };
    writeAddresses(dataDir, { ...addresses, pid: process.pid });
    return addresses;
  }

  /** Commits and answers what was taken in, then closes everything; safe after a start that failed half-way. */
  async stop(): Promise<void> {
    await this.#intake?.stop();
    await this.#buffer?.note('audit', 'stop', {});
    await this.#buffer?.close();
    removeAddresses(this.#config.dataDir);
  }
}

function intakeOptions(config: Config, buffer: RecordBuffer, products: ReturnType<typeof loadProducts>) {
  const { intake, gateway } = config;
  return {
    store: gateway.store,
    source: { gatewayId: gateway.id, epoch: buffer.epoch },
    products,
    clockQuality: () => 'unknown' as const,
    listeners: config.mqtt.listen,
    maxConnections: intake.maxConnections,
    maxConnectionsPerAddress: intake.maxConnectionsPerAddress,
    connectTimeoutMs: intake.connectTimeoutSeconds * 1000,
    maxPacketBytes: intake.maxPacketBytes,
    maxKeepAliveSeconds: intake.maxKeepAliveSeconds,
    queueLimit: intake.queueLimit,
    maxInFlightBytes: intake.maxInFlightBytes,
  };
}
