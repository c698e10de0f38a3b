/** What the gateway listens on, and the way to the PMS layer by layer. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { parseListenUrl } from '../../base/config/address.ts';
import type { Config } from '../../base/config/load.ts';
import { readSecret } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { Heartbeat } from '../../link/heartbeat.ts';
import { LINK_DEFAULTS } from '../../link/options.ts';
import { Probe, systemResolve } from '../../link/probe.ts';
import { isRunning } from '../commands/gateway-call.ts';
import { readPmsTls } from '../pms-tls.ts';
import { type Finding, fail, ok, unknown } from './finding.ts';

/** Every address of the configuration: free, or in use by the gateway of this data_dir itself. */
export async function portFindings({ dataDir, http, intake, mqtt }: Config): Promise<Finding[]> {
  const mine = runningAddresses(dataDir);
  const urls = [...(intake.source === 'external' ? [] : mqtt.listen.map(({ url }) => url)), http.url];
  return await Promise.all(urls.map(async (url) => await portFinding(url, mine)));
}

function runningAddresses(dataDir: string): readonly string[] {
  try {
    const told: unknown = JSON.parse(readFileSync(join(dataDir, 'run', 'addresses.json'), 'utf8'));
    if (typeof told !== 'object' || told === null || !('pid' in told) || typeof told.pid !== 'number') return [];
    if (!isRunning(told.pid)) return [];
    return Object.values(told).flatMap((value) => (Array.isArray(value) ? value.map(String) : []));
  } catch {
    return [];
  }
}

async function portFinding(url: string, mine: readonly string[]): Promise<Finding> {
  const check = `port ${url}`;
  const address = parseListenUrl(url);
  if (address === null) return fail(check, 'is no address', 'Correct it in the configuration.');
  if (address.port === 0) return ok(check, 'any free port');
  const isMine = mine.some((one) => parseListenUrl(one)?.port === address.port);
  if (isMine) return ok(check, 'in use by this gateway, which is running');
  const code = await bindFault(address.host, address.port);
  switch (code) {
    case null:
      return ok(check, 'free');
    case 'EADDRINUSE':
      return fail(
        check,
        'another program listens there',
        `Find it (ss -ltnp "sport = :${address.port}") and stop it, or choose another port.`,
      );
    case 'EACCES':
      return fail(check, 'this user may not listen there', 'Choose a port from 1024 on.');
    case 'EADDRNOTAVAIL':
      return fail(check, 'this box has no such address', 'Write one of "ip address", or 0.0.0.0 for all.');
    default:
      return fail(check, `cannot be listened on (${code})`, 'Choose another address.');
  }
}

/** Null when it could be bound; it is given back at once. */
function bindFault(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}

/** One probe, as the link makes them: nothing is written at the PMS. */
export async function pmsFindings({ pms }: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  try {
    const { ca, cert, key } = readPmsTls(pms);
    const options = { ...LINK_DEFAULTS, pmsUrl: pms.url, timeoutMs: pms.timeoutSeconds * 1000, ca, cert, key };
    const token = readSecret(pms.tokenFile, 'pms_token', env)?.trim() ?? '';
    const parts = { clock: systemClock, timers: systemTimers, random: Math.random, resolve: systemResolve };
    const heartbeat = new Heartbeat(options, {
      ...parts,
      authorization: () => (token === '' ? null : `Bearer ${token}`),
    });
    heartbeat.start();
    try {
      const { verdicts } = await new Probe(options, parts, heartbeat).run(new AbortController().signal);
      return verdicts.map(({ advice, latencyMs, layer, reason, verdict }) => {
        const check = `pms ${layer}`;
        if (verdict === 'ok') return ok(check, latencyMs === null ? 'works' : `works, ${latencyMs.toFixed(1)} ms`);
        if (verdict === 'fail') return fail(check, reason ?? 'fails', advice ?? 'Ask the operator of the PMS.');
        return unknown(check, reason ?? 'not tried', null);
      });
    } finally {
      await heartbeat.stop();
    }
  } catch (error) {
    const advice = error instanceof CounterfoilError ? error.hint : 'Correct pms in the configuration.';
    return [fail('pms', messageOf(error).split('\n', 1).join(), advice)];
  }
}
