/** Trail entries read beside the gateway: from the segments and, above them, from its buffer. */
import { dirname } from 'node:path';
import { readWholeTrail } from './checker/trail.ts';

type Body = Readonly<Record<string, unknown>>;

/** Bodies of the entries of this kind, oldest first. */
export function entriesOf(bufferFile: string, kind: string, log: 'audit' | 'schedule_two' = 'audit'): Body[] {
  return readWholeTrail(dirname(bufferFile), log === 'audit' ? 0 : 1)
    .map((text) => JSON.parse(text) as { k: string; r: Body })
    .flatMap(({ k, r }) => (k === kind ? [r] : []));
}
