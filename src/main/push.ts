/** Summaries of health that go out, put together: settings of the moment, a folder of those that wait. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemTimers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import { readSecret } from '../base/config/secrets.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { findingsOf } from '../health/checks/all.ts';
import { type PostResult, post } from '../health/push/post.ts';
import { Pusher } from '../health/push/pusher.ts';
import { Spool } from '../health/push/spool.ts';
import { summaryOf } from '../health/push/summary.ts';
import { takeSnapshot } from '../health/snapshot.ts';
import type { HealthSources } from '../health/sources.ts';
import { gatewayStatus } from '../health/status.ts';
import { VERSION } from './version.ts';

const TIMEOUT_MS = 10_000;

/**
 * Starts, and gives the way to stop. Does nothing while `push.url` is null, and begins when a reload of the configuration sets
 * it. Health hears how it goes.
 */
export function startPusher(config: Config, sources: HealthSources, log: Log): () => Promise<void> {
  const { id, store } = config.gateway;
  const summary = () => {
    const snapshot = takeSnapshot(sources);
    return summaryOf(gatewayStatus(snapshot, findingsOf(snapshot)));
  };
  const pusher = new Pusher(
    following(() => optionsOf(config)),
    {
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      log,
      spool: new Spool(join(config.dataDir, 'push')),
      about: { v: 1, gateway_id: id, store, version: VERSION },
      summary,
      send: (body, signal) => send(config, body, signal),
    },
  );
  Object.assign(sources, { push: () => pusher.facts() });
  pusher.start();
  return () => pusher.stop();
}

function optionsOf({ push }: Config) {
  return { url: push.url, everyMs: push.everySeconds * 1000, keepHours: push.keepHours };
}

/** Token and authority are read for each request: mending a file is all there is to do. */
async function send({ push }: Config, body: string, signal: AbortSignal): Promise<PostResult> {
  try {
    const token = readSecret(push.tokenFile, 'push_token', process.env);
    const ca = push.caFile === null ? null : readFileSync(push.caFile, 'utf8');
    return await post({ url: push.url ?? '', token, ca, timeoutMs: TIMEOUT_MS }, body, signal);
  } catch (error) {
    return { taken: false, code: 'settings', detail: messageOf(error) };
  }
}
