/**
 * Every key of the configuration file, with its default and meaning. The file, the error texts, the JSON Schema and the
 * `Config` type all come from here. `null` as a default means "not set".
 */
import { z } from 'zod';
import { externalBroker } from './external-schema.ts';
import { lanes } from './lanes-schema.ts';
import { listenUrl, oneLine, oneOf, path, serverUrl, share, text, timeZone, wholeNumber, yesNo } from './leaves.ts';
import { push } from './push-schema.ts';
import { reports } from './reports-schema.ts';
import { upload } from './upload-schema.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const gateway = z.strictObject({
  id: text(/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/, 'letters, digits, - and _, at most 80, such as gw-0042')
    .nullable()
    .default(null)
    .describe('Name of this gateway; part of every sequence_id and trail origin. Default: gw-{store}.'),
  store: text(/^[A-Za-z0-9_-]{1,64}$/, 'the store\'s number or name in quotes, such as "0042"').describe(
    'Number or name of the store, part of every MQTT topic. The only key without a default.',
  ),
  name: oneLine("the store's name on one line").nullable().default(null).describe('Name of the store, for screens.'),
  address: oneLine("the store's address on one line").nullable().default(null).describe('Postal address of the store.'),
  dea_registration: text(/^[A-Z][A-Z9][0-9]{7}$/, 'two letters (or letter and 9) and seven digits, such as AB1234563')
    .nullable()
    .default(null)
    .describe('DEA registration of the store. One gateway serves one registration.'),
  time_zone: timeZone().default('America/New_York').describe('IANA time zone of the store, for screens and reports.'),
});

const listener = z.strictObject({
  url: listenUrl(['mqtt', 'mqtts'], 'mqtts://0.0.0.0:8883').describe('Address to listen on; port 0 picks a free port.'),
  cert_file: path("the gateway's certificate (PEM)")
    .nullable()
    .default(null)
    .describe("Certificate, for mqtts://. null: one of the gateway's own authority, made at each start."),
  key_file: path("the certificate's private key (PEM)").nullable().default(null).describe('Private key, for mqtts://.'),
  lane_ca_file: path('the CA that signs lane certificates (PEM)')
    .nullable()
    .default(null)
    .describe("A chain's own CA of the lanes' client certificates, for mqtts://. null: lanes are enrolled here."),
  allow_plain: yesNo()
    .default(false)
    .describe('Allows mqtt:// without TLS beyond loopback. Records cross the LAN readable; health warns for ever.'),
});

/** Where lanes connect when the file does not say. */
export const DEFAULT_LISTENERS: readonly string[] = ['mqtt://127.0.0.1:1883'];

const intake = z.strictObject({
  source: oneOf(['embedded', 'external'])
    .default('embedded')
    .describe("embedded: lanes connect to this gateway; external: it consumes from the shop's own replicated broker."),
  queue_limit: wholeNumber(1, 65_536, 'publishes')
    .default(4096)
    .describe('Publishes waiting for the writer; when it is reached, lanes are read more slowly.'),
  max_packet_bytes: wholeNumber(KIB, 16 * MIB, 'bytes')
    .default(260 * KIB)
    .describe('Largest MQTT packet: 256 KiB kept as evidence of a refused publish, and 4 KiB for topic and header.'),
  max_in_flight_bytes: wholeNumber(MIB, 1024 * MIB, 'bytes')
    .default(32 * MIB)
    .describe('Bytes of publishes taken in and not yet acknowledged, over all lanes.'),
  max_connections: wholeNumber(1, 10_000, 'connections').default(256).describe('Open connections of all lanes.'),
  max_connections_per_address: wholeNumber(1, 10_000, 'connections')
    .default(64)
    .describe('Open connections of one IP address (several lanes may share one behind a router).'),
  connect_timeout_seconds: wholeNumber(1, 300, 'seconds')
    .default(10)
    .describe('Time a new connection has for TLS and its CONNECT packet.'),
  max_keep_alive_seconds: wholeNumber(5, 3600, 'seconds')
    .default(300)
    .describe(
      'A lane that asks for a longer MQTT keep-alive, or none, is closed after 1.5 times this without a packet.',
    ),
  external: externalBroker.prefault({}).describe('The broker for source: external.'),
});

const pms = z.strictObject({
  url: serverUrl('https://pms.example.com').default('http://127.0.0.1:8090').describe('Base address of the PMS.'),
  token_file: path('the file that holds the bearer token')
    .nullable()
    .default(null)
    .describe('Bearer token, mode 0600.'),
  ca_file: path('the certificate of the authority that signs the PMS (PEM)')
    .nullable()
    .default(null)
    .describe('Authorities trusted for the PMS in place of the built-in public ones, for https://.'),
  cert_file: path("the gateway's client certificate (PEM)")
    .nullable()
    .default(null)
    .describe('Client certificate shown to the PMS (mTLS), for https://.'),
  key_file: path("the client certificate's private key (PEM)")
    .nullable()
    .default(null)
    .describe('Private key of the client certificate, mode 0600.'),
  heartbeat_seconds: wholeNumber(1, 3600, 'seconds').default(15).describe('Time between two heartbeats to the PMS.'),
  timeout_seconds: wholeNumber(1, 60, 'seconds')
    .default(5)
    .describe('Time one attempt of a layer has: name, connect, TLS, heartbeat.'),
  offline_after: wholeNumber(1, 100, 'heartbeats')
    .default(3)
    .describe('Missed heartbeats in a row until the link is OFFLINE.'),
  online_after: wholeNumber(1, 100, 'heartbeats')
    .default(2)
    .describe('Passed heartbeats in a row until the link is ONLINE again.'),
  delivery_seconds: wholeNumber(2, 3600, 'seconds')
    .default(25)
    .describe('Records that wait this long without any receipt fail the delivery layer, whatever the heartbeat says.'),
  witness_key: text(
    /^[^\s+]{1,256}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/,
    'the verifier key of the PMS, such as pms.example+0304462a+BGiB…',
  )
    .nullable()
    .default(null)
    .describe(
      'Key by which the PMS cosigns checkpoints of the trail. Not set: the first one it answers with is pinned.',
    ),
});

const sync = z.strictObject({
  batch_size: wholeNumber(1, 10_000, 'records')
    .default(5_000)
    .describe('Most records in one request; how many there are follows the line and the PMS.'),
  start_spread_seconds: wholeNumber(0, 600, 'seconds')
    .default(15)
    .describe('A start with a backlog waits a random part of this before its first request; Schedule II a third.'),
  profile: oneOf(['batch', 'single'])
    .default('batch')
    .describe('single: one record per request, for a PMS that knows no batches.'),
  accept_unproved: yesNo()
    .default(false)
    .describe(
      'With profile single over https://: settle records on answers that name neither key nor hash. Health says so.',
    ),
});

const fallback = z.strictObject({
  oldest_pending_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(120)
    .describe('A record pending longer than this puts the gateway in FALLBACK.'),
  schedule_two_depth_limit: wholeNumber(1, 1_000_000, 'records')
    .default(1000)
    .describe('Pending Schedule II records that count as too many.'),
  settled_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(15)
    .describe(
      'RECONCILING ends when the oldest pending record is younger; at most half of oldest_pending_seconds counts.',
    ),
  stalled_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(120)
    .describe('RECONCILING without a receipt for this long falls back again.'),
  dwell_seconds: wholeNumber(0, 3600, 'seconds')
    .default(5)
    .describe('Shortest stay in FALLBACK and in RECONCILING, so that the mode does not flutter on the way back.'),
});

const clock = z.strictObject({
  ntp_servers: z
    .array(
      text(
        /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,252}))(:[0-9]{1,5})?$/,
        'a host or host:port such as pool.ntp.org; an IPv6 address in brackets',
      ),
      { error: 'a list of time servers such as ["time.nist.gov"]' },
    )
    .max(8, { error: 'at most 8 time servers' })
    .default([])
    .describe('Time servers (NTP) the clock is measured against; it is never set. Best two or more of one source.'),
  ntp_interval_seconds: wholeNumber(16, 86_400, 'seconds')
    .default(1024)
    .describe('Time between two measurements; each server asks for patience if it is too often.'),
  warn_seconds: wholeNumber(1, 300, 'seconds').default(2).describe('A clock that is off by more is a warning.'),
  alarm_seconds: wholeNumber(1, 300, 'seconds')
    .default(300)
    .describe('A clock that is off by more is unsynchronised; 21 CFR 1311.205 allows five minutes.'),
});

const storage = z.strictObject({
  open_at: share().default(0.8).describe('From this utilisation on only controlled-substance records are taken.'),
  close_at: share().default(0.7).describe('Below this utilisation everything is taken again.'),
  reserve_at: share().default(0.95).describe('From this utilisation on only Schedule II is taken.'),
  max_bytes: wholeNumber(16 * MIB, Number.MAX_SAFE_INTEGER, 'bytes')
    .nullable()
    .default(null)
    .describe('Bytes the buffer may use; null: the whole filesystem.'),
  max_records: wholeNumber(1000, Number.MAX_SAFE_INTEGER, 'records')
    .nullable()
    .default(null)
    .describe('Records the buffer may hold; null: no limit but space.'),
  ballast_bytes: wholeNumber(0, 1024 * MIB, 'bytes')
    .nullable()
    .default(null)
    .describe(
      'Room kept for Schedule II in a file that is given up when the disk is full; null: 1 % of it, 2 to 64 MiB.',
    ),
  mirror_dir: path('a directory on another disk')
    .nullable()
    .default(null)
    .describe(
      'Where the buffer is copied all the time: a mounted stick or second disk. Health says how far it is behind. null: nowhere.',
    ),
  smart_file: path('a report of smartctl')
    .nullable()
    .default(null)
    .describe('What "smartctl --json --all DEVICE" says of the data disk, renewed daily by a timer of the system.'),
  rated_terabytes: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Terabytes the maker of the data disk lets one write to it (TBW); for the forecast of its life.'),
});

const retention = z.strictObject({
  buffer_days: wholeNumber(1, 366, 'days').default(14).describe('Days a settled record stays in the buffer.'),
  years: wholeNumber(2, 100, 'years').default(6).describe('Years a record is kept; 21 CFR 1304.04 asks for two.'),
});

const scheduleTwo = z.strictObject({
  signature: oneOf(['optional', 'required'])
    .nullable()
    .default(null)
    .describe(
      'A Schedule II record without valid signature is flagged (optional) or held (required). Default: optional; production must say.',
    ),
  roster_file: path("the store's roster of signing keys")
    .nullable()
    .default(null)
    .describe(
      'Who may sign Schedule II records and acts of review, with which keys. Required where a signature is; read again on SIGHUP.',
    ),
  second_signer: oneOf(['optional', 'required'])
    .default('optional')
    .describe('required: a Schedule II record that no second person has signed is held.'),
});

const trail = z.strictObject({
  sealer_socket: path("the sealer's socket")
    .nullable()
    .default(null)
    .describe('Socket of the sealer, which keeps the trail append-only and signs it. null: nobody does, worm is none.'),
});

const recovery = z.strictObject({
  public_key_file: path('the recovery public key (PEM)')
    .nullable()
    .default(null)
    .describe('Key a lost box is recovered with. Required in production.'),
});

const people = z.strictObject({
  second_factor: oneOf(['optional', 'required'])
    .default('optional')
    .describe(
      'required: whoever has no second factor (TOTP) cannot log in or sign; "counterfoil user totp" puts one on.',
    ),
  idle_minutes: wholeNumber(1, 240, 'minutes').default(15).describe('Whoever does nothing for so long is logged off.'),
  session_hours: wholeNumber(1, 24, 'hours').default(12).describe('A session ends after so long, whatever happens.'),
  break_glass_minutes: wholeNumber(5, 480, 'minutes')
    .default(60)
    .describe('How long the emergency code opens the gateway for.'),
});

/** The configuration file, in its own snake_case. Rules between keys are in `rules.ts`. */
export const configSchema = z.strictObject({
  gateway: gateway.prefault({} as z.input<typeof gateway>).describe('Who this gateway is.'),
  production: yesNo().default(false).describe('true: refuse to start with anything missing that a store needs.'),
  log_level: oneOf(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least level that is logged.'),
  data_dir: path('the data directory').default('./data').describe('buffer.db lives here; mode 0700.'),
  trail_dir: path('the trail directory')
    .nullable()
    .default(null)
    .describe('In production the append-only partition. Default: {data_dir}/trail.'),
  product_table: path("a CSV file in the columns of FDA's NDC directory")
    .nullable()
    .default(null)
    .describe('Products of the store; the gateway works without.'),
  mqtt: z
    .strictObject({
      listen: z
        .array(listener, { error: 'a list, each item "- {url: mqtt://127.0.0.1:1883}"' })
        .min(1, { error: 'at least one listener, such as "- {url: mqtt://127.0.0.1:1883}"' })
        .max(16, { error: 'at most 16 listeners' })
        .prefault(DEFAULT_LISTENERS.map((url) => ({ url })))
        .describe('Where lanes connect.'),
    })
    .prefault({})
    .describe('The embedded MQTT 3.1.1 broker.'),
  lanes: lanes.prefault({}).describe('How lanes get their certificates.'),
  intake: intake
    .prefault({})
    .describe('Where records come from, and limits that keep one lane from harming the others.'),
  http: z
    .strictObject({
      url: listenUrl(['http', 'https'], 'http://127.0.0.1:8080')
        .default('http://127.0.0.1:8080')
        .describe('Where health, metrics and screens are served.'),
      cert_file: path('the certificate (PEM)').nullable().default(null).describe('Certificate, for https://.'),
      key_file: path("the certificate's private key (PEM)").nullable().default(null).describe('For https://.'),
      monitor_token_file: path('the token of monitoring (a secret of its own)')
        .nullable()
        .default(null)
        .describe(
          'Bearer token for health, metrics and figures without record data; /livez and /readyz stay open. null: they are open to whoever reaches the address.',
        ),
    })
    .prefault({})
    .describe('Health, metrics and screens.'),
  people: people
    .prefault({})
    .describe('Named users; they stand in people.json in data_dir, and "counterfoil user" changes them.'),
  pms: pms.prefault({}).describe('The central pharmacy management system.'),
  sync: sync.prefault({}).describe('How records are brought to the PMS.'),
  fallback: fallback.prefault({}).describe('When the gateway calls itself out of step with the PMS.'),
  clock: clock.prefault({}).describe("What the box's clock is measured against."),
  storage: storage.prefault({}).describe('The storage breaker; shares of the space, 0.8 is 80 %.'),
  retention: retention.prefault({}).describe('How long records are kept.'),
  schedule_two: scheduleTwo.prefault({}).describe('Schedule II.'),
  trail: trail.prefault({}).describe('Who keeps the trail from being changed.'),
  upload: upload
    .prefault({})
    .describe('Copies of closed trail segments and archive files in an object store that keeps them locked.'),
  reports: reports.prefault({}).describe('Reports for compliance.'),
  push: push.prefault({}).describe('A summary of health for a NOC that cannot reach in.'),
  recovery: recovery.prefault({}).describe('Getting records out of a dead box.'),
});

/** The whole file after defaults, keys as in the file. */
export type ConfigTree = z.output<typeof configSchema>;
