/** Makes the intake stage the configuration asks for: the gateway's own broker, or the shop's. */
import { readFileSync } from 'node:fs';
import type { Clock, Random, Timers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { readSecret } from '../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClockQuality, IntakeItem, IntakeResult, RecordBuffer, TrailLog } from '../buffer/api.ts';
import type { Admission } from '../intake/committer.ts';
import type { SignaturePolicy } from '../intake/examine.ts';
import type { BrokerAddress } from '../intake/external/broker-url.ts';
import { ExternalIntake } from '../intake/external/external-intake.ts';
import { beatMsOf, EXTERNAL_DEFAULTS, standingLimits } from '../intake/external/options.ts';
import type { IdentityPort } from '../intake/identity.ts';
import { Intake, type TrainingPort } from '../intake/intake.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { loadProducts } from './products.ts';

export interface IntakeMaking {
  readonly config: Config;
  readonly buffer: RecordBuffer;
  readonly products: ReturnType<typeof loadProducts>;
  readonly signatures: SignaturePolicy;
  readonly clockQuality: () => ClockQuality;
  readonly admission: Admission;
  /** Who is let in at the gateway's own listeners. */
  readonly identity: IdentityPort;
  readonly commit: (items: readonly IntakeItem[]) => Promise<readonly IntakeResult[]>;
  /** Not with the shop's broker: practice records are taken by the own one only. */
  readonly training: TrainingPort;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly onCommitted: () => void;
  /** Newest signed checkpoint of a trail, for receipts. */
  readonly checkpoint: (log: TrailLog) => string | null;
  /** What an answered record has carried back as a witness of the trail. */
  readonly onWitnessed: (lane: string, checkpoint: string) => void;
  /** The status is to be told now. */
  readonly onConsuming: () => void;
}

/** Throws `config_invalid` or `config_unreadable` when a file for the broker cannot be used. */
export function makeIntake(making: IntakeMaking): IntakeStage {
  const { clock, commit, config, log, onCommitted, onWitnessed, training } = making;
  if (config.intake.source === 'external') return externalIntake(making);
  return new Intake(
    {
      ...sharedOptions(making),
      listeners: config.mqtt.listen,
      maxConnections: config.intake.maxConnections,
      maxConnectionsPerAddress: config.intake.maxConnectionsPerAddress,
      connectTimeoutMs: config.intake.connectTimeoutSeconds * 1000,
      maxPacketBytes: config.intake.maxPacketBytes,
      maxKeepAliveSeconds: config.intake.maxKeepAliveSeconds,
    },
    {
      ...{ clock, log, onCommitted, onWitnessed, training },
      sink: { intake: commit },
      admission: making.admission,
      identity: making.identity,
    },
  );
}

/** How often the retained status is told; with an external source it is also the word a standby listens for. */
export function statusEveryMs(config: Config, usualMs: number): number {
  const { external, source } = config.intake;
  return source === 'external' ? beatMsOf(external.takeoverSeconds) : usualMs;
}

/** The name of the session that holds the records. */
export function clientIdOf(config: Config): string {
  return config.intake.external.clientId ?? `counterfoil-${config.gateway.store}`;
}

/** Where the broker is and how the gateway shows who it is; reads the files. Throws as `makeIntake`. */
export function brokerAddress(config: Config, env: NodeJS.ProcessEnv): BrokerAddress {
  const { external } = config.intake;
  if (external.url === null) {
    throw new CounterfoilError(
      'config_invalid',
      'intake.external.url is not set',
      'write the address of the broker, such as mqtts://host:8883',
    );
  }
  return {
    url: external.url,
    username: external.username,
    password: external.username === null ? null : readSecret(external.passwordFile, 'broker_password', env),
    ca: readPem('ca_file', external.caFile),
    cert: readPem('cert_file', external.certFile),
    key: readPem('key_file', external.keyFile),
  };
}

function externalIntake(making: IntakeMaking): IntakeStage {
  const { buffer, config } = making;
  const { external } = config.intake;
  const { clock, commit, log, onCommitted, onConsuming, onWitnessed, random, timers } = making;
  return new ExternalIntake(
    {
      ...sharedOptions(making),
      ...EXTERNAL_DEFAULTS,
      address: brokerAddress(config, process.env),
      clientId: clientIdOf(config),
      acknowledge: external.acknowledge,
      standing: standingLimits(external.role, external.takeoverSeconds),
      expectsSession: buffer.facts().lastSequence > 0,
    },
    {
      ...{ clock, log, onCommitted, onConsuming, onWitnessed, random, timers },
      sink: { intake: commit },
      admission: making.admission,
      note: (kind, body) => {
        buffer.note('audit', kind, body).catch((error: unknown) => {
          log.error('a trail entry could not be written', { error: messageOf(error) });
        });
      },
    },
  );
}

function sharedOptions({ buffer, checkpoint, clockQuality, config, products, signatures }: IntakeMaking) {
  return {
    store: config.gateway.store,
    source: { gatewayId: config.gateway.id, epoch: buffer.epoch, checkpoint },
    products,
    clockQuality,
    signatures,
    queueLimit: config.intake.queueLimit,
    maxInFlightBytes: config.intake.maxInFlightBytes,
  };
}

function readPem(key: string, path: string | null): Buffer | null {
  if (path === null) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    const message = `intake.external.${key}: cannot read ${path}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'check the path and that this user may read it', error);
  }
}
