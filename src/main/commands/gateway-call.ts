/** Asks a running gateway over HTTP: where it is, what it takes to be let in, and what it means when nothing answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Agent } from 'undici';
import { z } from 'zod';
import { type Config, findConfigFile, loadConfig } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { type GatewayStatus, gatewayStatusSchema } from '../../health/status-schema.ts';

export interface GatewayFlags {
  readonly url?: string;
  readonly config?: string;
  readonly dataDir?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** A gateway and how to be let in; `close` gives its connections back. */
export interface GatewayCaller {
  readonly origin: string;
  /** The answer of `path` as JSON. @throws CounterfoilError `gateway_unreachable`, `access_refused`. */
  json(path: string): Promise<unknown>;
  close(): Promise<void>;
}

const ANSWER_TIMEOUT_MS = 5_000;
const NOT_RUNNING = 'start it with "counterfoil run --config FILE", or name it with --url, --config or --data-dir';
const TOKEN =
  'Name the file of the monitoring token with --token-file, or the configuration (http.monitor_token_file).';

const addressesSchema = z.object({ http: z.array(z.string()), pid: z.int().positive() });

/** Adds what says which gateway is meant. */
export function withGateway(command: Command): Command {
  return command
    .option('--url <url>', 'address of its HTTP listener, such as http://127.0.0.1:8080')
    .option('--config <file>', 'its configuration file; data directory, token and certificate are taken from there')
    .option('--data-dir <directory>', 'its data directory; the address is taken from run/addresses.json')
    .option('--token-file <file>', 'file with the token of monitoring (default: http.monitor_token_file)')
    .option('--ca-file <file>', 'authority that signs its certificate (PEM), for https://');
}

/** Finds the gateway. @throws CounterfoilError `usage`, `config_…`, or `gateway_unreachable` when none runs there. */
export function gatewayCaller(flags: GatewayFlags, env: NodeJS.ProcessEnv): GatewayCaller {
  const config = configOf(flags, env);
  const address = flags.url ?? addressOf(dataDirOf(flags, config));
  const target = URL.parse(reachable(address));
  if (target === null || !/^https?:$/.test(target.protocol))
    throw new CounterfoilError('usage', `${address} is no address`, 'write it like http://127.0.0.1:8080');
  const tokenFile = flags.tokenFile ?? config?.http.monitorTokenFile ?? null;
  const token = tokenFile === null ? null : readSecretFile(tokenFile);
  const agent = new Agent({ connect: { timeout: ANSWER_TIMEOUT_MS, ...trust(flags, config) } });
  return {
    origin: target.origin,
    json: (path) => ask(agent, new URL(path, target), token),
    close: () => agent.destroy(),
  };
}

/** Everything about the gateway. @throws CounterfoilError `gateway_unreachable`. */
export async function askStatus(caller: GatewayCaller): Promise<GatewayStatus> {
  const status = gatewayStatusSchema.safeParse(await caller.json('/api/v1/status'));
  if (status.success) return status.data;
  throw unreachable(`what answers at ${caller.origin} is no Counterfoil gateway, or one of another version`);
}

function configOf({ config, dataDir, url }: GatewayFlags, env: NodeJS.ProcessEnv): Config | null {
  if (config !== undefined) return loadConfig({ file: config, env });
  if (dataDir !== undefined || url !== undefined) return null;
  const file = findConfigFile(env);
  return file === undefined ? null : loadConfig({ file, env });
}

function dataDirOf({ dataDir }: GatewayFlags, config: Config | null): string {
  const found = dataDir ?? config?.dataDir;
  if (found !== undefined) return found;
  throw new CounterfoilError('usage', 'which gateway?', 'name it with --url, --config or --data-dir');
}

/** On its own box a gateway is known by the very certificate its configuration names, whatever name that is for. */
function trust({ caFile }: GatewayFlags, config: Config | null) {
  if (caFile !== undefined) return { ca: readFile(caFile) };
  const own = config?.http.certFile ?? null;
  if (own === null) return {};
  return { ca: readFile(own), allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot read ${path}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'check the path and that this user may read it', error);
  }
}

/**
 * The HTTP address a running gateway wrote into its data directory.
 * @throws CounterfoilError `gateway_unreachable` when none runs there.
 */
function addressOf(dataDir: string): string {
  const file = join(dataDir, 'run', 'addresses.json');
  const { http, pid } = readAddresses(file, dataDir);
  if (!isRunning(pid)) {
    throw unreachable(`the gateway of ${dataDir} is not running; it ended without cleaning up (${file} is left)`);
  }
  const [url] = http;
  if (url === undefined) throw unreachable(`the gateway of ${dataDir} (process ${pid}) serves no HTTP`);
  return url;
}

function readAddresses(file: string, dataDir: string): z.infer<typeof addressesSchema> {
  try {
    return addressesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw unreachable(`no gateway is running on ${dataDir} (there is no ${file})`, error);
    }
    throw unreachable(`${file} cannot be used: ${messageOf(error)}`, error);
  }
}

/** Whether a process is there; one of another user counts: it may not be signalled. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function ask(agent: Agent, target: URL, token: string | null): Promise<unknown> {
  try {
    const { body, statusCode } = await agent.request({
      origin: target.origin,
      path: target.pathname,
      method: 'GET',
      headers: token === null ? {} : { authorization: `Bearer ${token.trim()}` },
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    });
    const text = await body.text();
    if (statusCode === 401 || statusCode === 403)
      throw new CounterfoilError('access_refused', `${target.origin} does not let us in (${statusCode})`, TOKEN);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    throw unreachable(`no answer from ${target.origin}: ${messageOf(error)}`, error);
  }
}

/** A gateway that listens on every address is asked on the nearest one. */
function reachable(url: string): string {
  return url.replace('://0.0.0.0', '://127.0.0.1').replace('://[::]', '://[::1]');
}

function unreachable(message: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('gateway_unreachable', message, NOT_RUNNING, cause);
}
