/** `counterfoil status`: what a running gateway says about itself, for people. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { type GatewayStatus, gatewayStatusSchema } from '../../health/status-schema.ts';
import { type CommandIo, processIo } from './io.ts';
import { statusScreen } from './status-screen.ts';

interface StatusOptions {
  readonly url?: string;
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

const ANSWER_TIMEOUT_MS = 5_000;
const NOT_RUNNING = 'start it with "counterfoil run --config FILE", or name it with --url, --config or --data-dir';

const addressesSchema = z.object({ http: z.array(z.string()), pid: z.int().positive() });

/** The `status` command. Ends with 0, or with 1 when the gateway's health is `fail` or it does not answer. */
export function statusCommand(io: CommandIo = processIo): Command {
  return new Command('status')
    .description('show the state of a running gateway; exit code 1 when its health is "fail" or it does not answer')
    .option('--url <url>', 'address of its HTTP listener, such as http://127.0.0.1:8080')
    .option('--config <file>', 'its configuration file; the data directory is taken from there')
    .option('--data-dir <directory>', 'its data directory; the address is taken from run/addresses.json')
    .option('--json', 'print the answer of /api/v1/status as it is')
    .action(async (options: StatusOptions) => {
      const status = await askStatus(options.url ?? addressOf(dataDirOf(options, io.env)));
      io.write(options.json === true ? `${JSON.stringify(status, null, 2)}\n` : statusScreen(status));
      if (status.health.status === 'fail') io.exitWith(EXIT.failure);
    });
}

function dataDirOf({ config, dataDir }: StatusOptions, env: NodeJS.ProcessEnv): string {
  if (dataDir !== undefined) return dataDir;
  const file = config ?? findConfigFile(env);
  if (file !== undefined) return loadConfig({ file, env }).dataDir;
  throw new CounterfoilError('usage', 'which gateway?', 'name it with --url, --config or --data-dir');
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

/** A process of another user counts: it may not be signalled, but it is there. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function askStatus(url: string): Promise<GatewayStatus> {
  const target = URL.parse('/api/v1/status', reachable(url));
  if (target === null)
    throw new CounterfoilError('usage', `${url} is no address`, 'write it like http://127.0.0.1:8080');
  let body: unknown;
  try {
    const response = await fetch(target, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    body = await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw unreachable(`no answer from ${target.origin}: ${cause}`, error);
  }
  const status = gatewayStatusSchema.safeParse(body);
  if (status.success) return status.data;
  throw unreachable(`what answers at ${target.origin} is no Counterfoil gateway, or one of another version`);
}

/** A gateway that listens on every address is asked on the nearest one. */
function reachable(url: string): string {
  return url.replace('://0.0.0.0', '://127.0.0.1').replace('://[::]', '://[::1]');
}

function unreachable(message: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('gateway_unreachable', message, NOT_RUNNING, cause);
}
