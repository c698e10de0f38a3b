/**
 * What another configuration means for a gateway that runs: which of its settings are taken over at once, and which wait for
 * a restart because something was opened or begun with the old ones.
 */
import { isDeepStrictEqual } from 'node:util';
import { toCamel } from './camel.ts';
import type { LoadedConfig } from './load.ts';
import { applyOverrides } from './merge.ts';
import { type ConfigWarning, type KeyPath, weakSettings } from './rules.ts';

/** Settings, or whole sections, that are taken over in the run (docs/OPERATIONS.md lists them in words). */
export const LIVE_SETTINGS: readonly string[] = [
  'log_level',
  'http.monitor_token_file',
  'people',
  'pms.token_file',
  'pms.heartbeat_seconds',
  'pms.timeout_seconds',
  'pms.offline_after',
  'pms.online_after',
  'pms.delivery_seconds',
  'sync.batch_size',
  'fallback',
  'clock.ntp_interval_seconds',
  'clock.warn_seconds',
  'clock.alarm_seconds',
  'storage.open_at',
  'storage.close_at',
  'storage.reserve_at',
  'storage.max_bytes',
  'storage.max_records',
  'retention.buffer_days',
  'reports',
  'push',
];

export interface ConfigChange {
  /** What is in force from now on. */
  readonly inForce: LoadedConfig;
  /** Dotted names of the settings that change now; a list is one setting. */
  readonly applied: readonly string[];
  /** Those that differ from what is in force and need a restart. */
  readonly waiting: readonly string[];
}

/** What taking `next` over means while `now` is in force. */
export function changeOf(now: LoadedConfig, next: LoadedConfig): ConfigChange {
  const before = new Map(settingsOf(now.tree));
  const changed = settingsOf(next.tree).filter(([name, value]) => !isDeepStrictEqual(value, before.get(name)));
  const names = changed.map(([name]) => name);
  const waiting = names.filter((name) => !isLive(name));
  const kept = waiting.map((name) => ({ path: name.split('.'), value: before.get(name), origin: '' }));
  const tree = applyOverrides(next.tree, kept) as LoadedConfig['tree'];
  const isKept = (path: KeyPath) => waiting.some((name) => `${path.join('.')}.`.startsWith(`${name}.`));
  return {
    inForce: {
      tree,
      config: toCamel(tree),
      warnings: weakSettings(tree),
      originOf: (path) => (isKept(path) ? now : next).originOf(path),
    },
    applied: names.filter(isLive),
    waiting,
  };
}

/** What health says while settings wait; null when none does. */
export function waitingWarning(waiting: readonly string[]): ConfigWarning | null {
  if (waiting.length === 0) return null;
  const message = `Changed in the configuration and not in force before a restart: ${waiting.join(', ')}. Restart the gateway when it suits, or change them back and send SIGHUP.`;
  return { key: 'restart', message };
}

function isLive(name: string): boolean {
  return LIVE_SETTINGS.some((live) => name === live || name.startsWith(`${live}.`));
}

/** Every setting by its dotted name, as the trail's entry `configuration` counts them. */
function settingsOf(value: unknown, name = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[name, value]];
  return Object.entries(value).flatMap(([key, inner]) => settingsOf(inner, name === '' ? key : `${name}.${key}`));
}
