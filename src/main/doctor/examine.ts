/** Everything the gateway depends on, looked at area by area: for `doctor`, and for `config validate --live`. */
import { systemClock, systemTimers } from '../../base/clock.ts';
import type { Config, LoadedConfig } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { probeBroker } from '../../intake/external/probe.ts';
import { queueFinding } from '../commands/rabbitmq-queue.ts';
import { brokerAddress, clientIdOf } from '../intake.ts';
import { checkTarget } from '../reports/check-target.ts';
import { targetsOf } from '../reports/delivery.ts';
import { boxFindings, SYSTEM_BOX } from './box.ts';
import { clockFindings } from './clock.ts';
import { fileFindings } from './files.ts';
import { type Finding, warn } from './finding.ts';
import { pmsFindings, portFindings } from './network.ts';
import { placeFindings, SYSTEM_PLACES } from './places.ts';
import { protectionFindings } from './protection.ts';
import { SYSTEM_SWAP, swapFindings } from './swap.ts';

export const AREAS = [
  'settings',
  'box',
  'disk',
  'files',
  'protection',
  'ports',
  'clock',
  'pms',
  'broker',
  'reports',
] as const;
export type Area = (typeof AREAS)[number];

/** What a configuration names and reaches, without the box and the settings themselves. */
export const LIVE_AREAS: readonly Area[] = AREAS.filter((area) => area !== 'box' && area !== 'settings');

/** RabbitMQ's management API, where the queue of an external broker can be looked at. */
export interface Management {
  readonly url: string;
  readonly user: string;
  readonly passwordFile: string | undefined;
}

export interface Examination {
  readonly areas: readonly Area[];
  readonly management: Management | null;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (done: number, total: number) => void;
}

/** One area after the other: what is being tried on the disk must not be measured beside something else. */
export async function examine({ config, warnings }: LoadedConfig, of: Examination): Promise<readonly Finding[]> {
  const { areas, env, management, onProgress } = of;
  const parts: Readonly<Record<Area, () => Promise<readonly Finding[]> | readonly Finding[]>> = {
    settings: () => warnings.map(({ key, message }) => warn(key, 'allowed, and weaker than it could be', message)),
    box: () => [...boxFindings(SYSTEM_BOX, config.production), ...swapFindings(SYSTEM_SWAP)],
    disk: () => placeFindings(config, SYSTEM_PLACES),
    files: () => fileFindings(config, systemClock.utcMs()),
    protection: () => protectionFindings(config),
    ports: () => portFindings(config),
    clock: () => clockFindings(config),
    pms: () => pmsFindings(config, env),
    broker: () => brokerFindings(config, management, env),
    reports: () => Promise.all(targetsOf(config).map(checkTarget)),
  };
  const findings: Finding[] = [];
  for (const [at, area] of areas.entries()) {
    onProgress(at, areas.length);
    findings.push(...(await parts[area]()));
  }
  return findings;
}

/** None where lanes connect to the gateway itself. */
async function brokerFindings(
  config: Config,
  management: Management | null,
  env: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  if (config.intake.source !== 'external') return [];
  const clientId = clientIdOf(config);
  const { acknowledge } = config.intake.external;
  const address = brokerAddress(config, env);
  const findings = await probeBroker({ address, clientId, store: config.gateway.store, acknowledge }, systemTimers);
  if (management === null) return findings;
  const { passwordFile, url, user } = management;
  const password = passwordFile === undefined ? 'guest' : readSecretFile(passwordFile);
  return [...findings, ...(await queueFinding({ url, user, password, clientId }))];
}
