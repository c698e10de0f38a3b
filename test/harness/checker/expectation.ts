/**
 * What the world outside has seen of a gateway, and the judgement whether its disk agrees. Records are named by their
 * lane_hash (64 hexadecimal characters), which says what was sent to the last byte.
 */

export interface Expectation {
  /** Everything lanes ever sent. Anything else on the disk was made up. */
  readonly published: ReadonlySet<string>;
  /** Publishes whose PUBACK had left the gateway. */
  readonly acknowledged: ReadonlySet<string>;
  /** Sequence numbers told to lanes in receipts. */
  readonly sequences: ReadonlyMap<string, number>;
  /** Records whose receipt said `synced`. */
  readonly synced: ReadonlySet<string>;
}

/** A record found on disk. */
export interface FoundRecord {
  readonly sequence: number;
  readonly laneHash: string;
  readonly synced: boolean;
}

/** Sentences, one for each promise that was broken; empty when all is well. Lists are cut to the first few. */
export function judgeRecords(found: readonly FoundRecord[], expected: Expectation): string[] {
  const problems: string[] = [];
  const byHash = new Map<string, FoundRecord>();
  found.forEach((record, place) => {
    if (record.sequence !== place + 1)
      problems.push(`sequence ${place + 1} is missing, ${record.sequence} stands there`);
    if (byHash.has(record.laneHash)) problems.push(`sequence ${record.sequence} holds a record for the second time`);
    if (!expected.published.has(record.laneHash)) problems.push(`sequence ${record.sequence} holds what nobody sent`);
    byHash.set(record.laneHash, record);
  });
  const lost = [...expected.acknowledged].filter((laneHash) => !byHash.has(laneHash));
  if (lost.length > 0)
    problems.push(`${lost.length} of ${expected.acknowledged.size} acknowledged records are missing`);
  for (const [laneHash, sequence] of expected.sequences) {
    const record = byHash.get(laneHash);
    if (record === undefined) problems.push(`the record a receipt called ${sequence} is missing`);
    else if (record.sequence !== sequence)
      problems.push(`a receipt said ${sequence}, on disk it is ${record.sequence}`);
  }
  for (const laneHash of expected.synced) {
    const record = byHash.get(laneHash);
    if (record !== undefined && !record.synced) problems.push(`sequence ${record.sequence} was told synced and is not`);
  }
  return problems.length > 8 ? [...problems.slice(0, 8), `and ${problems.length - 8} more`] : problems;
}
