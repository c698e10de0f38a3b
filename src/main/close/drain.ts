/** Before a gateway is closed: waits, while it runs, until everything it took is at the PMS. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterfoilError } from '../../base/errors.ts';
import type { GatewayStatus } from '../../health/status-schema.ts';
import { askStatus, gatewayCaller } from '../commands/gateway-call.ts';
import type { CommandIo } from '../commands/io.ts';
import type { Person } from '../commands/person.ts';

const LOOK_EVERY_MS = 1000;
/** States that end by themselves, given time and a PMS. */
const ON_THE_WAY = ['PENDING', 'AWAITING_VERIFICATION'];
const ENDED = ['SYNCED', 'RESOLVED'];

/**
 * `running`: the gateway runs and has drained; `stopped`: none runs. `anyway`: open ones are not waited for.
 * @throws CounterfoilError `review_refused` when only a person can end what is left, and as `status`.
 */
export async function waitUntilDrained(
  config: string,
  anyway: boolean,
  io: CommandIo,
  person: Person,
): Promise<'running' | 'stopped'> {
  for (let told = -1; ; ) {
    const status = await statusOf(config, io);
    if (status === null) return 'stopped';
    const { waiting, stuck } = openOf(status);
    if (anyway || (waiting === 0 && stuck === 0)) return 'running';
    if (waiting === 0) {
      const hint = 'End them with "counterfoil review", or say why not with --unsynced REASON.';
      throw new CounterfoilError('review_refused', `${stuck} records wait for a person`, hint);
    }
    if (waiting !== told) person.tell(`${waiting} records on their way to the PMS\n`);
    told = waiting;
    await sleep(LOOK_EVERY_MS);
  }
}

async function statusOf(config: string, io: CommandIo): Promise<GatewayStatus | null> {
  try {
    const caller = gatewayCaller({ config }, io.env);
    try {
      return await askStatus(caller);
    } finally {
      await caller.close();
    }
  } catch (error) {
    // Where one runs all the same and does not answer, its lock keeps us out of what follows.
    if (error instanceof CounterfoilError && error.code === 'gateway_unreachable') return null;
    throw error;
  }
}

function openOf({ records }: GatewayStatus): { waiting: number; stuck: number } {
  let waiting = 0;
  let stuck = (records?.refused_open ?? 0) + (records?.conflict_open ?? 0);
  for (const { states } of records?.schedules ?? []) {
    for (const [state, count] of Object.entries(states)) {
      if (ON_THE_WAY.includes(state)) waiting += count;
      else if (!ENDED.includes(state)) stuck += count;
    }
  }
  return { waiting, stuck };
}
