/**
 * Looking into records, for the control socket. The command line reads the files itself; what it asks for here is the entry
 * in the trail, before it reads anything. The trail has who, what kinds of condition and a keyed hash of the filter, never
 * a value of it.
 */
import { type Operations, operation } from '../../base/socket/operations.ts';
import type { TrailLog } from '../../buffer/api.ts';
import type { TrailBodyOf } from '../../record/trail-kinds.ts';
import { beginBody, endBody } from './bodies.ts';
import { expire, wireMonth } from './expiry.ts';
import type { RecordsParts } from './ports.ts';
import { beginParams, endParams, expireParams, noParams } from './words.ts';

export function recordsOperations(parts: RecordsParts): Operations {
  const { buffer } = parts;
  const note = async (scheduleTwo: boolean, body: TrailBodyOf<'access'>) => {
    // 21 CFR 1304.04(h): what concerns Schedule II stands in its own trail too.
    const logs: readonly TrailLog[] = scheduleTwo ? ['audit', 'schedule_two'] : ['audit'];
    for (const log of logs) await buffer.note(log, 'access', body);
  };
  return {
    'records.begin': operation(beginParams, async ({ caller, way, kinds, filter, schedule_two: scheduleTwo }) => {
      const look = parts.newLook();
      const body = beginBody({ caller, way, kinds, look }, buffer.archive.filterHash(filter));
      await note(scheduleTwo, body);
      return { look };
    }),
    'records.end': operation(endParams, async ({ caller, way, look, count, schedule_two: scheduleTwo }) => {
      await note(scheduleTwo, endBody({ caller, way, look }, count));
      return {};
    }),
    'records.months': operation(noParams, () => ({
      gateway_id: buffer.gatewayId,
      epoch: buffer.epoch,
      months: buffer.archive.months().map((month) => wireMonth(month, parts.retentionYears)),
    })),
    'records.expire': operation(expireParams, async ({ first, second }) => {
      const { log, index, leaf } = await expire(parts, first, second);
      return { trail: { log, index, leaf: leaf.toString('base64') } };
    }),
  };
}
