/**
 * What lanes do during a recorded run: bursts of pipelined publishes of seeded sizes, some of them sent twice, on several
 * connections at once. How the gateway groups them into commits is its own affair; the records are the seed's.
 */
import type { Random } from '../../../src/base/clock.ts';
import type { Publisher } from './publisher.ts';
import { below, pick } from './random.ts';
import { makeRecord, type TestRecord } from './records.ts';

/**
 * Sends `count` records over `publishers` in bursts of at most `burst`, and waits for every answer. `noteCharacters`: length of
 * the poorly compressible text in each; default mixed and mostly none.
 */
export async function publishBursts(
  publishers: readonly Publisher[],
  count: number,
  burst: number,
  random: Random,
  noteCharacters?: number,
): Promise<void> {
  const sent: TestRecord[] = [];
  while (sent.length < count && publishers.some((publisher) => publisher.alive)) {
    for (const publisher of publishers) {
      const size = Math.min(1 + below(random, burst), count - sent.length);
      const records = Array.from({ length: size }, () => makeRecord(random, noteCharacters));
      // A till that missed a PUBACK sends the record again.
      if (sent.length > 0 && random() < 0.2) records.push(pick(random, sent));
      publisher.send(records);
      sent.push(...records.slice(0, size));
    }
    await Promise.all(publishers.map((publisher) => publisher.settled(burst)));
  }
  await Promise.all(publishers.map((publisher) => publisher.settled()));
}
