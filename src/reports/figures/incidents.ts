/**
 * What somebody should look at, one line each, in the order in which it happened. `security` is what 21 CFR 1311.215 has in
 * mind: whatever bears on who may do what, and on whether what is written can be believed. `operation` is the rest.
 */
import { FLAGS } from '../../record/types.ts';
import type { Told } from './bodies.ts';
import type { Counter } from './counter.ts';
import { Listing, type LongList, type RowSink } from './listing.ts';

/** `[at_ms, log, index, class, kind, detail]` */
export type IncidentFigures = readonly [number, string, number, 'security' | 'operation', string, string];

type Word = readonly ['security' | 'operation', string];

export class Incidents implements Counter {
  readonly #list: Listing<IncidentFigures>;
  #security = 0;

  constructor(sink: RowSink | null) {
    this.#list = new Listing('incidents', sink);
  }

  see(entry: Told, isInWindow: boolean): void {
    if (!isInWindow) return;
    const word = incidentOf(entry);
    if (word === null) return;
    if (word[0] === 'security') this.#security += 1;
    this.#list.add([entry.atMs, entry.log, entry.index, word[0], entry.kind, word[1]]);
  }

  end(): void {}

  figures(): readonly IncidentFigures[] {
    return this.#list.first;
  }

  /** How many bear on security. */
  get security(): number {
    return this.#security;
  }

  longList(): LongList | null {
    return this.#list.end();
  }
}

function incidentOf(entry: Told): Word | null {
  return trailIncident(entry) ?? recordIncident(entry) ?? accessIncident(entry) ?? gatewayIncident(entry);
}

function trailIncident(entry: Told): Word | null {
  switch (entry.kind) {
    case 'tail_lost':
      return ['security', `${entry.body.by} had seen ${entry.body.known} entries, there were ${entry.body.have}`];
    case 'fork':
      return ['security', `${entry.body.by} holds another root of size ${entry.body.size}`];
    case 'trail_fault':
      return ['operation', `segment ${entry.body.n}: ${entry.body.step} failed (${entry.body.code})`];
    case 'lane_witness':
      if (entry.body.verdict === 'consistent') return null;
      return ['security', `lane ${entry.body.lane} carried back a checkpoint: ${entry.body.verdict}`];
    case 'trail_key':
      return ['security', `checkpoints are signed by the key of ${entry.body.origin} from here on`];
    case 'witness_key':
      return ['security', `the PMS cosigns by a key that was ${entry.body.how.replace('_', ' ')}`];
    default:
      return null;
  }
}

function recordIncident(entry: Told): Word | null {
  switch (entry.kind) {
    case 'intake': {
      const doubts = doubtsIn(entry.body.records.map((record) => record[7]));
      return doubts === '' ? null : ['security', doubts];
    }
    case 'conflict':
      return ['security', `lane ${entry.body.lane} used the key of record ${entry.body.sequence} for another record`];
    case 'refused':
      return ['operation', `lane ${entry.body.lane}: ${entry.body.codes.join(', ')}`];
    case 'discarded':
      return ['operation', `lane ${entry.body.lane}: ${entry.body.count} acknowledged and not kept`];
    case 'quarantine':
      return ['security', `stored bytes of ${entry.body.records.length} records no longer match their hash`];
    case 'sync_alarm':
      return entry.body.active ? ['operation', `${entry.body.stream}: ${entry.body.alarm}`] : null;
    default:
      return null;
  }
}

/** Flags of a commit that bear on who signed and on what was sold twice or left out. */
function doubtsIn(flags: readonly number[]): string {
  const told = WATCHED.map((name) => {
    const bit = 2 ** FLAGS.indexOf(name);
    const count = flags.filter((bits) => Math.floor(bits / bit) % 2 === 1).length;
    return count === 0 ? '' : `${name} ${count}`;
  });
  return told.filter((text) => text !== '').join(', ');
}

const WATCHED = ['signature_invalid', 'possible_double_sale', 'lane_sequence_gap', 'refers_to_unknown'] as const;

function accessIncident(entry: Told): Word | null {
  switch (entry.kind) {
    case 'access':
      if (entry.body.of === 'records' && 'count' in entry.body) return null;
      return ['security', `${entry.body.by ?? 'nobody named'}: ${entry.body.way} of ${entry.body.of}`];
    case 'review':
      return ['security', `${entry.body.by} signed ${entry.body.step} of ${entry.body.subjects.length}`];
    case 'expire':
      return [
        'security',
        `${entry.body.by.map(({ name }) => name).join(' and ')} ended ${entry.body.months.length} months`,
      ];
    case 'epoch':
      return ['security', `epoch ${entry.body.epoch} (${entry.body.reason})`];
    case 'restored':
      return ['security', entry.body.signed ? 'put back from a backup, signed' : 'put back from a backup, unsigned'];
    case 'roster':
      return ['security', `roster with ${entry.body.people} people and ${entry.body.keys} keys`];
    case 'configuration':
      return ['security', entry.body.changed === null ? 'first start' : `changed: ${entry.body.changed.join(', ')}`];
    case 'update':
      return ['security', `version ${entry.body.from} to ${entry.body.to}`];
    case 'training':
      return ['operation', `lane ${entry.body.lane}: training ${entry.body.until_ms === null ? 'ends' : 'begins'}`];
    default:
      return null;
  }
}

function gatewayIncident(entry: Told): Word | null {
  switch (entry.kind) {
    case 'unclean_end':
      return [
        'operation',
        entry.body.same_boot ? 'the gateway ended without a stop' : 'the machine went down under it',
      ];
    case 'clock_step':
      return ['security', `the clock was set by ${entry.body.by_ms} ms`];
    case 'clock':
      return entry.body.to === 'unsynchronised'
        ? ['security', `unsynchronised (${entry.body.doubt ?? 'no source'})`]
        : null;
    case 'link':
      return entry.body.to === 'OFFLINE' ? ['operation', `OFFLINE: ${entry.body.reason}`] : null;
    case 'mode':
      return entry.body.to === 'FALLBACK' ? ['operation', `FALLBACK: ${entry.body.reasons.join(', ')}`] : null;
    case 'breaker':
      if (entry.body.to === 'CLOSED' || entry.body.to === 'HALF_OPEN') return null;
      return ['operation', `${entry.body.to}: ${entry.body.by} ${entry.body.share_permille / 10} %`];
    case 'intake_taken_over':
      return ['security', 'another gateway consumes from the broker'];
    case 'intake_contested':
      return ['security', `two gateways contest the broker, ${entry.body.sessions} sessions`];
    default:
      return null;
  }
}
