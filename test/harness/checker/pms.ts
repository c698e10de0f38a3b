/**
 * Compares the reference PMS's own database with what lanes sent and with the gateway's buffer: each record once, in the
 * order of its stream, nothing that nobody sent.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Expectation } from './expectation.ts';

interface PmsRow {
  readonly stream: string;
  readonly stream_sequence: number;
  readonly sequence: number;
  readonly lane_hash: string;
}

const readOnly = { readonly: true, fileMustExist: true } as const;

function read<Row>(file: string, query: string): Row[] {
  const db = new Database(file, readOnly);
  try {
    return db.prepare<[], Row>(query).all();
  } finally {
    db.close();
  }
}

/** The PMS's hash column as hexadecimal, whichever way the wire writes it. */
const asHex = (hash: string) => (/^[0-9a-f]{64}$/.test(hash) ? hash : Buffer.from(hash, 'base64').toString('hex'));

/** Problems at the PMS. `complete`: everything acknowledged must have arrived (the line was up and the backlog is done). */
export function checkPms(pmsFile: string, dataDir: string, expected: Expectation, complete: boolean): string[] {
  const rows = read<PmsRow>(
    pmsFile,
    'SELECT stream, stream_sequence, sequence, lane_hash FROM records ORDER BY stream, stream_sequence',
  );
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const next = new Map<string, number>();
  for (const row of rows) {
    const laneHash = asHex(row.lane_hash);
    const place = next.get(row.stream) ?? 1;
    if (row.stream_sequence !== place)
      problems.push(`PMS ${row.stream}: ${place} is missing, ${row.stream_sequence} stands there`);
    if (seen.has(laneHash)) problems.push(`PMS holds sequence ${row.sequence} for the second time`);
    if (!expected.published.has(laneHash)) problems.push(`PMS holds sequence ${row.sequence}, which nobody sent`);
    next.set(row.stream, row.stream_sequence + 1);
    seen.set(laneHash, row.sequence);
  }
  const missing = [...expected.acknowledged].filter((laneHash) => !seen.has(laneHash)).length;
  if (complete && missing > 0)
    problems.push(`PMS lacks ${missing} of ${expected.acknowledged.size} acknowledged records`);
  return [...problems.slice(0, 8), ...compareWithBuffer(seen, dataDir)];
}

/** What the PMS holds the buffer must hold under the same number; what the buffer calls SYNCED the PMS must hold. */
function compareWithBuffer(seen: ReadonlyMap<string, number>, dataDir: string): string[] {
  const rows = read<{ sequence: number; state: number; lane_hash: Buffer }>(
    join(dataDir, 'buffer.db'),
    `SELECT record_id - (SELECT base_record_id FROM epoch ORDER BY ordinal DESC LIMIT 1) AS sequence, state, lane_hash
     FROM record`,
  );
  const held = new Map(rows.map((row) => [row.lane_hash.toString('hex'), row]));
  const ahead = [...seen].filter(([laneHash, sequence]) => held.get(laneHash)?.sequence !== sequence).length;
  const unproved = rows.filter((row) => row.state === 1 && !seen.has(row.lane_hash.toString('hex'))).length;
  return [
    ...(ahead > 0 ? [`the PMS holds ${ahead} records the buffer does not hold under that number`] : []),
    ...(unproved > 0 ? [`${unproved} records are SYNCED and the PMS does not hold them`] : []),
  ];
}
