/**
 * One store served by two gateways, one after the other, that share a gateway id and differ in their epoch: compares the
 * reference PMS's database with what lanes sent and with each buffer that is left.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Expectation } from './expectation.ts';

interface PlaceRow {
  readonly epoch: string;
  readonly stream: string;
  readonly stream_sequence: number;
}

interface HeldRow {
  readonly epoch: string;
  readonly sequence: number;
  readonly lane_hash: string;
}

interface BufferRow {
  readonly epoch: string;
  readonly sequence: number;
  readonly state: number;
  readonly lane_hash: Buffer;
}

function read<Row>(file: string, query: string): Row[] {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return db.prepare<[], Row>(query).all();
  } finally {
    db.close();
  }
}

/** Problems; empty when the PMS holds every acknowledged record once and every stream without a hole. */
export function checkStore(pmsFile: string, dataDirs: readonly string[], expected: Expectation): string[] {
  const held = read<HeldRow>(pmsFile, 'SELECT epoch, sequence, lane_hash FROM records ORDER BY id');
  const seen = new Set<string>();
  const problems: string[] = [];
  for (const { epoch, lane_hash: laneHash, sequence } of held) {
    if (seen.has(laneHash)) problems.push(`PMS holds ${epoch}/${sequence} for the second time`);
    if (!expected.published.has(laneHash)) problems.push(`PMS holds ${epoch}/${sequence}, which nobody sent`);
    seen.add(laneHash);
  }
  const missing = [...expected.acknowledged].filter((laneHash) => !seen.has(laneHash)).length;
  if (missing > 0) problems.push(`PMS lacks ${missing} of ${expected.acknowledged.size} acknowledged records`);
  return [...problems, ...holes(pmsFile), ...dataDirs.flatMap((dataDir) => againstBuffer(dataDir, held, seen))].slice(
    0,
    8,
  );
}

/** A duplicate of another epoch's record uses a number up, so numbers are counted where they are used. */
function holes(pmsFile: string): string[] {
  const next = new Map<string, number>();
  const rows = read<PlaceRow>(
    pmsFile,
    'SELECT epoch, stream, stream_sequence FROM places ORDER BY epoch, stream, stream_sequence',
  );
  return rows.flatMap(({ epoch, stream, stream_sequence: number }) => {
    const name = `${epoch}/${stream}`;
    const wanted = next.get(name) ?? 1;
    next.set(name, number + 1);
    return number === wanted ? [] : [`PMS ${name}: ${wanted} is missing, ${number} stands there`];
  });
}

function againstBuffer(dataDir: string, held: readonly HeldRow[], seen: ReadonlySet<string>): string[] {
  const rows = read<BufferRow>(
    join(dataDir, 'buffer.db'),
    `SELECT epoch.epoch, record_id - base_record_id AS sequence, state, lane_hash FROM record,
     (SELECT * FROM epoch ORDER BY ordinal DESC LIMIT 1) AS epoch WHERE record_id > base_record_id`,
  );
  const bySequence = new Map(rows.map((row) => [`${row.epoch}/${row.sequence}`, row.lane_hash.toString('hex')]));
  const epochs = new Set(rows.map(({ epoch }) => epoch));
  const strange = held.filter(
    ({ epoch, lane_hash: laneHash, sequence }) =>
      epochs.has(epoch) && bySequence.get(`${epoch}/${sequence}`) !== laneHash,
  ).length;
  const unproved = rows.filter((row) => row.state === 1 && !seen.has(row.lane_hash.toString('hex'))).length;
  return [
    ...(strange > 0 ? [`the PMS holds ${strange} records the buffer does not hold under that number`] : []),
    ...(unproved > 0 ? [`${unproved} records are SYNCED and the PMS does not hold them`] : []),
  ];
}
