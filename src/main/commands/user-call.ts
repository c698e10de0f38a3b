/** One operation on named users: the running gateway does it, or this process where none runs. */
import type { z } from 'zod';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { withPeopleOffline } from '../people.ts';
import type { CommandIo } from './io.ts';

/** Throws what the operation throws, and `usage` when no configuration is named or found. */
export async function callPeople<T>(
  { config }: { readonly config?: string },
  io: CommandIo,
  op: string,
  params: Readonly<Record<string, unknown>>,
  result: z.ZodType<T>,
): Promise<T> {
  const file = config ?? findConfigFile(io.env);
  if (file === undefined) throw new CounterfoilError('usage', 'which gateway?', 'Name its file with --config.');
  const loaded = loadConfig({ file, env: io.env });
  try {
    return await callGateway(loaded.dataDir, op, params, result);
  } catch (error) {
    if (!(error instanceof CounterfoilError) || error.code !== 'gateway_unreachable') throw error;
    if (!/^no gateway is running/.test(error.message)) throw error;
  }
  process.umask(0o077);
  return await withPeopleOffline(loaded, async (operations) => result.parse(await operations[op]?.run(params)));
}
