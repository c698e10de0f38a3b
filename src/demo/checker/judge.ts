/**
 * Compares what tills were promised, what the gateway holds and what the PMS holds. Pure. The three were read one after
 * the other in this order, so each may know more than the one before it, never less: what was acknowledged when the tills
 * were read must be in the buffer, what was SYNCED when the buffer was read must be at the PMS.
 */
import type { BufferReading, BufferRecord } from './buffer-file.ts';
import type { PmsReading } from './pms-file.ts';
import type { TillRecord } from './tills.ts';
import type { Verdict, VerdictCounts } from './verdict.ts';

export interface Readings {
  readonly tills: readonly TillRecord[];
  readonly buffer: BufferReading;
  readonly pms: PmsReading;
}

export interface Expected {
  /** Everything has had its time: nothing may be pending, nothing may be still at a till. */
  readonly complete: boolean;
  /** Sequences that were altered on purpose: they must be found, and with `complete` be QUARANTINED. */
  readonly altered: readonly number[];
}

/** Problems shown; the rest is counted. */
const SHOWN = 12;
const OPEN_STATES: readonly string[] = ['PENDING', 'HELD', 'AWAITING_VERIFICATION'];

interface Finding {
  readonly lost: number;
  readonly twice: number;
  readonly problems: readonly string[];
}

const placeOf = ({ epoch, sequence }: { readonly epoch: string; readonly sequence: number }) => `${epoch} ${sequence}`;

export function judge(readings: Readings, expected: Expected): Verdict {
  const { buffer } = readings;
  const findings = [promisesToTills(readings), onceInBuffer(buffer), deliveries(readings), onceAtPms(readings)];
  const problems = [
    ...findings.flatMap((finding) => finding.problems),
    ...buffer.problems,
    ...numbering(buffer.records),
    ...alterations(buffer.records, expected),
    ...(expected.complete ? unfinished(readings) : []),
  ];
  const lost = findings.reduce((sum, finding) => sum + finding.lost, 0);
  const twice = findings.reduce((sum, finding) => sum + finding.twice, 0);
  return {
    content: problems.length === 0,
    counts: { ...countAll(readings), lost, twice },
    altered: buffer.records.filter(({ altered }) => altered !== null).map(({ sequence }) => sequence),
    problems: cut(problems),
  };
}

/** Every acknowledged publish is a record in the buffer, or kept there as evidence. */
function promisesToTills({ tills, buffer }: Readings): Finding {
  const held = new Set([...buffer.records.map(({ laneHash }) => laneHash), ...buffer.evidence.map(({ hash }) => hash)]);
  const missing = tills.filter(({ acknowledged, hashes }) => acknowledged && !hashes.some((hash) => held.has(hash)));
  const lanes = [...new Set(missing.map(({ lane }) => lane))].sort();
  return {
    lost: missing.length,
    twice: 0,
    problems: missing.length === 0 ? [] : [`${missing.length} acknowledged records of ${lanes.join(', ')} are lost`],
  };
}

function onceInBuffer({ records }: BufferReading): Finding {
  const again = repeated(records, ({ laneHash }) => laneHash);
  return {
    lost: 0,
    twice: again.length,
    problems: again.map(({ sequence }) => `record ${sequence} is in the buffer for the second time`),
  };
}

/** Everything SYNCED is at the PMS under the same number with the same hash. */
function deliveries({ buffer, pms }: Readings): Finding {
  const atPms = new Map(pms.records.map((record) => [placeOf(record), record]));
  const problems: string[] = [];
  let lost = 0;
  for (const record of buffer.records.filter(({ state }) => state === 'SYNCED')) {
    const there = atPms.get(placeOf(record));
    if (there === undefined) {
      lost += 1;
      problems.push(`record ${record.sequence} is SYNCED and not at the PMS`);
    } else if (there.payloadHash !== record.payloadHash) {
      problems.push(`record ${record.sequence} has another hash at the PMS`);
    }
  }
  return { lost, twice: 0, problems };
}

/** Nothing is at the PMS twice, altered, or without being in the buffer. */
function onceAtPms({ buffer, pms }: Readings): Finding {
  const again = new Set([...repeated(pms.records, ({ key }) => key), ...repeated(pms.records, placeOf)]);
  const held = new Set(buffer.records.map(placeOf));
  const newest = new Map<string, number>();
  for (const { epoch, sequence } of buffer.records) newest.set(epoch, sequence);
  const unknown = pms.records.filter((record) => {
    // Newer than our look at the buffer: taken in since.
    return !held.has(placeOf(record)) && record.sequence <= (newest.get(record.epoch) ?? 0);
  });
  return {
    lost: 0,
    twice: again.size,
    problems: [
      ...[...again].map(({ sequence }) => `record ${sequence} is at the PMS for the second time`),
      ...unknown.map(({ sequence }) => `the PMS holds record ${sequence}, the buffer does not`),
      ...pms.records
        .filter(({ isWhole }) => !isWhole)
        .map(({ sequence }) => `record ${sequence} is altered at the PMS`),
    ],
  };
}

/** Sequences count 1, 2, 3 … in each epoch, stream sequences in each epoch and stream. */
function numbering(records: readonly BufferRecord[]): string[] {
  const next = new Map<string, number>();
  const problems: string[] = [];
  const expectNext = (line: string, found: number, what: string) => {
    const wanted = next.get(line) ?? 1;
    if (found > wanted) problems.push(`${what} ${wanted}${found === wanted + 1 ? '' : ` to ${found - 1}`} is missing`);
    if (found < wanted) problems.push(`${what} ${found} was given twice`);
    next.set(line, found + 1);
  };
  for (const { epoch, sequence } of records) expectNext(epoch, sequence, 'sequence');
  const numbered = records.flatMap(({ epoch, stream, streamSequence }) =>
    // Settled before its epoch began: the stream of this epoch starts behind it.
    streamSequence === null || streamSequence < 1 ? [] : [{ line: `${epoch} ${stream}`, stream, streamSequence }],
  );
  // A record that was held gets its number late, so the order of sequences is not that of the stream.
  numbered.sort((a, b) => a.streamSequence - b.streamSequence);
  for (const each of numbered) expectNext(each.line, each.streamSequence, `number of stream ${each.stream}`);
  return problems;
}

function alterations(records: readonly BufferRecord[], { altered: wanted, complete }: Expected): string[] {
  const problems = records.flatMap(({ sequence, altered, state }) => {
    const isWanted = wanted.includes(sequence);
    if (altered === null && isWanted) return [`record ${sequence} was altered and looks whole`];
    if (altered === null) return state === 'QUARANTINED' ? [`record ${sequence} is QUARANTINED and whole`] : [];
    if (!isWanted) return [`record ${sequence} is altered: ${altered}`];
    const isOpen = !complete && state === 'PENDING';
    return isOpen || state === 'QUARANTINED' ? [] : [`record ${sequence} is altered and the gateway calls it ${state}`];
  });
  const known = new Set(records.map(({ sequence }) => sequence));
  return [
    ...problems,
    ...wanted.filter((each) => !known.has(each)).map((each) => `record ${each} was altered and is gone`),
  ];
}

function unfinished({ tills, buffer, pms }: Readings): string[] {
  const waiting = tills.filter(({ acknowledged }) => !acknowledged).length;
  const pending = buffer.records.filter(({ state }) => OPEN_STATES.includes(state)).length;
  const unmarked = buffer.records.filter((record) => record.state === 'QUARANTINED' && !pms.gaps.has(placeOf(record)));
  return [
    ...(waiting > 0 ? [`${waiting} records are still at the tills`] : []),
    ...(pending > 0 ? [`${pending} records are not settled`] : []),
    ...unmarked.map(({ sequence }) => `the PMS was not told that record ${sequence} is quarantined`),
  ];
}

function countAll({ tills, buffer, pms }: Readings): Omit<VerdictCounts, 'lost' | 'twice'> {
  const inState = (...states: string[]) => buffer.records.filter(({ state }) => states.includes(state)).length;
  const conflicts = buffer.evidence.filter(({ isConflict }) => isConflict).length;
  const held = new Set(buffer.records.map(placeOf));
  return {
    in: tills.length,
    acknowledged: tills.filter(({ acknowledged }) => acknowledged).length,
    durable: buffer.records.length,
    // What came in after our look at the buffer is left out, or more would be at the PMS than is durable.
    atPms: pms.records.filter((record) => held.has(placeOf(record))).length,
    pending: inState(...OPEN_STATES),
    rejected: inState('REJECTED'),
    setAside: inState('SET_ASIDE'),
    quarantined: inState('QUARANTINED'),
    refused: buffer.evidence.length - conflicts,
    conflicts,
  };
}

/** The second and every further one of those that share a name. */
function repeated<T>(list: readonly T[], nameOf: (each: T) => string): T[] {
  const seen = new Set<string>();
  return list.filter((each) => {
    const name = nameOf(each);
    if (seen.has(name)) return true;
    seen.add(name);
    return false;
  });
}

function cut(problems: readonly string[]): string[] {
  if (problems.length <= SHOWN) return [...problems];
  return [...problems.slice(0, SHOWN), `and ${problems.length - SHOWN} more`];
}
