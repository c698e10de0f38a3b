/** Lanes over the control socket: for the account the gateway runs as, and root. */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import { type Operations, operation } from '../base/socket/operations.ts';
import { isTopicName } from '../record/lane-wire.ts';
import type { LaneRegister } from './register.ts';

/** The account at the command line, as it calls itself. */
const caller = z
  .string()
  .regex(/^[\w.@-]{1,64}$/)
  .nullable()
  .default(null);
const lane = z.string().refine(isTopicName);
const named = z.strictObject({ lane, caller });

/** `urls`: where the till can reach the enrolment, likeliest first. */
export const inviteResult = z.object({
  lane: z.string(),
  code: z.string(),
  until_utc: z.string(),
  authority_sha256: z.string(),
  urls: z.array(z.string()),
});
export const passwordResult = z.object({ lane: z.string(), password: z.string() });
export const laneDone = z.object({ lane: z.string() });
export const laneListResult = z.object({
  authority: z.object({ sha256: z.string(), until_utc: z.string() }).nullable(),
  trouble: z.string().nullable(),
  lanes: z.array(
    z.object({
      lane: z.string(),
      state: z.enum(['invited', 'enrolled', 'password', 'revoked']),
      certificate_until_utc: z.string().nullable(),
      code_until_utc: z.string().nullable(),
      certificates: z.int(),
      connections: z.int(),
      grace: z.boolean(),
    }),
  ),
});

export interface LaneOperationParts {
  readonly register: LaneRegister;
  readonly urls: () => readonly string[];
  /** How a lane is connected now. */
  readonly connected: (lane: string) => { readonly connections: number; readonly grace: boolean };
}

export function laneOperations({ register, urls, connected }: LaneOperationParts): Operations {
  const time = (ms: number | null) => (ms === null ? null : toUtcText(ms));
  return {
    'lane.enroll': operation(named, async ({ lane: name, caller: by }) => {
      const { code, untilMs } = await register.invite(name, by);
      const sha256 = register.facts().authority?.sha256 ?? '';
      return { lane: name, code, until_utc: toUtcText(untilMs), authority_sha256: sha256, urls: [...urls()] };
    }),
    'lane.password': operation(named, async ({ lane: name, caller: by }) => ({
      lane: name,
      password: await register.givePassword(name, by),
    })),
    'lane.revoke': operation(named, async ({ lane: name, caller: by }) => {
      await register.revoke(name, by);
      return { lane: name };
    }),
    'lane.admit': operation(named, async ({ lane: name, caller: by }) => {
      await register.admit(name, by);
      return { lane: name };
    }),
    'lane.list': operation(z.strictObject({}), () => {
      const { authority, lanes, trouble } = register.facts();
      return {
        authority: authority === null ? null : { sha256: authority.sha256, until_utc: toUtcText(authority.untilMs) },
        trouble,
        lanes: lanes.map((entry) => ({
          lane: entry.lane,
          state: entry.state,
          certificate_until_utc: time(entry.certificate?.untilMs ?? null),
          code_until_utc: time(entry.codeUntilMs),
          certificates: entry.certificates,
          ...connected(entry.lane),
        })),
      };
    }),
  };
}
