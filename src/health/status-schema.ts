/** `/api/v1/status` as a schema: what it answers, and what `counterfoil status` reads. */
import { z } from 'zod';
import { SCHEDULES } from '../record/types.ts';
import { LINK_LAYERS } from './sources.ts';

const whole = z.int().nonnegative();
const span = z.number().nonnegative();
const time = z.iso.datetime();

export const oldestSchema = z.object({
  sequence: whole,
  received_at_utc: time,
  age_seconds: span,
  /** True when the record came in an earlier boot: the age is a lower bound. */
  at_least: z.boolean(),
  /** Over the limit of `fallback.oldest_pending_seconds`, or of an earlier boot. */
  late: z.boolean(),
});
export type OldestAnswer = z.infer<typeof oldestSchema>;

const layerSchema = z.object({
  layer: z.enum(LINK_LAYERS),
  verdict: z.enum(['ok', 'fail', 'unknown']),
  latency_ms: span.nullable(),
  /** What is wrong, from a closed list; null unless it fails. */
  code: z.string().nullable(),
  /** The same as a sentence. */
  reason: z.string().nullable(),
  /** What to do about it. */
  advice: z.string().nullable(),
  checked_at_utc: time.nullable(),
});

const streamSchema = z.object({
  stream: z.string(),
  stopped: z.boolean(),
  alarm: z.string().nullable(),
  breaker: z.enum(['closed', 'open', 'half_open']),
  last_fault: z.string().nullable(),
  last_attempt_seconds_ago: span.nullable(),
  last_receipt_seconds_ago: span.nullable(),
  attempts_total: whole,
  receipts_total: whole,
  settled_total: whole,
});

const externalSchema = z.object({
  /** Who a lane is, is the word of the broker's access rules. */
  identity: z.literal('broker_acl'),
  role: z.enum(['single', 'active', 'standby']),
  standing: z.enum(['consuming', 'standby', 'waiting']),
  acknowledge: z.enum(['after_commit', 'after_sync']),
  connected: z.boolean(),
  session_present: z.boolean().nullable(),
  session_lost: z.boolean(),
  unacknowledged: whole,
  oldest_unacknowledged_seconds: span.nullable(),
  waiting_for_pms: whole,
  sessions_total: whole,
  take_overs_total: whole,
  contested: z.boolean(),
  discarded_total: whole,
  problem: z.string().nullable(),
});

const trailLogSchema = z.object({
  log: z.string(),
  entries: whole,
  /** Synced in segments. */
  stored_entries: whole,
  lag_seconds: span,
  checkpoint: z.object({ size: whole, age_seconds: span }).nullable(),
  cosigned_size: whole,
  /** Null when the PMS has not cosigned since the start. */
  cosigned_seconds_ago: span.nullable(),
  witness_alarm: z.string().nullable(),
});

const proofsSchema = z.object({
  /** What is wrong with the register of lanes. */
  trouble: z.string().nullable(),
  authorities: z.array(
    z.object({ origin: z.enum(['own', 'chain']), sha256: z.string(), until_utc: time, days_left: z.int() }),
  ),
  listeners: z.array(z.object({ address: z.string(), until_utc: time, days_left: z.int() })),
  list: z.array(
    z.object({
      lane: z.string(),
      state: z.enum(['invited', 'enrolled', 'password', 'revoked', 'chain']),
      /** Of the certificate it has shown last since the start, else of the newest it was given. */
      certificate_until_utc: time.nullable(),
      certificate_days_left: z.int().nullable(),
      /** Its connection was let in by the rule of grace. */
      grace: z.enum(['expired', 'not_yet_valid']).nullable(),
      /** In the last day: at work from two addresses at once; came with a revoked certificate. */
      two_places: z.boolean(),
      revoked_knocks: z.boolean(),
    }),
  ),
  /** Connections turned away since the start, by reason. */
  refused: z.record(z.string(), whole),
});

export const gatewayStatusSchema = z.object({
  time_utc: time,
  gateway: z.object({
    id: z.string(),
    store: z.string(),
    name: z.string().nullable(),
    version: z.string(),
    production: z.boolean(),
    started_at_utc: time,
    uptime_seconds: span,
  }),
  health: z.object({
    status: z.enum(['pass', 'warn', 'fail']),
    ready: z.boolean(),
    problems: z.array(
      z.object({ check: z.string(), component: z.string().nullable(), status: z.string(), output: z.string() }),
    ),
  }),
  mode: z.object({ mode: z.string(), for_seconds: span, reasons: z.array(z.string()) }),
  link: z
    .object({
      link: z.string(),
      since_utc: time,
      layers: z.array(layerSchema),
      /** End of the PMS's certificate and of this gateway's own for it. */
      certificate_until_utc: time.nullable(),
      client_certificate_until_utc: time.nullable(),
    })
    .nullable(),
  records: z
    .object({
      epoch: z.string(),
      last_sequence: whole,
      accepted_total: whole,
      duplicates_total: whole,
      refused_open: whole,
      conflict_open: whole,
      schedules: z.array(
        z.object({
          schedule: z.enum(SCHEDULES),
          /** Records by state; states without records are absent. */
          states: z.record(z.string(), whole),
          oldest_pending: oldestSchema.nullable(),
        }),
      ),
    })
    .nullable(),
  commits: z.object({
    total: whole,
    last_at_utc: time.nullable(),
    p50_ms: span.nullable(),
    p99_ms: span.nullable(),
    failure: z.string().nullable(),
  }),
  lanes: z.object({
    /** Null when lanes connect to the gateway itself. */
    external: externalSchema.nullable(),
    addresses: z.array(z.string()),
    connections: whole,
    connections_limit: whole,
    queue_depth: whole,
    list: z.array(
      z.object({
        lane: z.string(),
        connections: whole,
        last_seen_utc: time,
        publishes: whole,
        refused: whole,
        /** Numbers the lane has left out since the start and not sent since. */
        missing: whole,
        missing_since_utc: time.nullable(),
        /** By how much the till's clock is ahead of ours, by the times of its latest records. */
        clock_offset_ms: z.number().nullable(),
      }),
    ),
    /** How lanes prove who they are; null where no listener asks for a proof. */
    proofs: proofsSchema.nullable(),
  }),
  sync: z.array(streamSchema),
  storage: z
    .object({
      level: z.string(),
      level_seconds: span,
      utilisation: span,
      by: z.string(),
      free_bytes: whole,
      total_bytes: whole,
      full_in_seconds: span.nullable(),
      ballast_bytes: whole,
      deferred: z.object({ schedule_two: whole, controlled: whole, other: whole }),
    })
    .nullable(),
  /** Null for what a device does not tell. */
  disk: z.object({
    read_only: z.array(z.enum(['data', 'trail'])),
    wear_percent: z.number().nullable(),
    failing: z.boolean().nullable(),
    written_bytes_per_day: span.nullable(),
    life_days: span.nullable(),
    temperature_celsius: z.number().nullable(),
  }),
  /** The copy on a second medium; null without one. */
  mirror: z
    .object({
      lag_seconds: span,
      lag_records: whole.nullable(),
      fault: z.string().nullable(),
    })
    .nullable(),
  /** Offsets are what has to be added to this box's clock to get the source's time. */
  clock: z.object({
    quality: z.string(),
    source: z.enum(['ntp', 'pms', 'none']),
    offset_ms: z.number().nullable(),
    uncertainty_ms: span.nullable(),
    pms_offset_ms: z.number().nullable(),
    pms_uncertainty_ms: span.nullable(),
    doubt: z.string().nullable(),
    steps_total: whole,
    servers: z.array(z.object({ server: z.string(), state: z.string() })),
  }),
  /** Null while it is not open. */
  trail: z
    .object({
      worm: z.string(),
      logs: z.array(trailLogSchema),
      /** The key by which the PMS cosigns. */
      witness_key: z.string().nullable(),
      troubles: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string(), since_utc: time })),
    })
    .nullable(),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;
