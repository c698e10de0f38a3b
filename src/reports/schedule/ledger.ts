/**
 * What has been run: a file of JSON lines that only grows, each line synced before what it allows is done. If the power
 * goes in the middle of a line, that line is none: it is cut short by the next one's line end and skipped.
 */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../base/durable.ts';

/**
 * `watch`: nothing of this schedule before that time is due any more. `handed`: the trail tells of this run's report and the
 * outbox has it. That a report is made is said by its folder.
 */
const line = z.discriminatedUnion('step', [
  z.object({ step: z.literal('watch'), name: z.string(), ms: z.number() }),
  z.object({ step: z.literal('handed'), run: z.string(), id: z.string() }),
]);
export type LedgerLine = z.infer<typeof line>;

export class RunLedger {
  readonly #path: string;
  readonly #since = new Map<string, number>();
  readonly #runs = new Set<string>();
  readonly #ids = new Set<string>();

  /** Reads what is there; makes the file's folder. */
  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (!existsSync(path)) return;
    for (const text of readFileSync(path, 'utf8').split('\n')) {
      const told = readLine(text);
      if (told !== null) this.#take(told);
    }
  }

  /** From when on runs of a schedule are due, UTC ms; undefined for one that is new. */
  since(name: string): number | undefined {
    return this.#since.get(name);
  }

  /** Whether this run's report has been handed on. */
  hasRun(key: string): boolean {
    return this.#runs.has(key);
  }

  /** Whether the report of that name has been handed on. */
  hasReport(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Durable once this returns. */
  append(told: LedgerLine): void {
    // The line end in front ends what an earlier life may have left.
    writeDurably(this.#path, `\n${JSON.stringify(told)}\n`, 'a');
    this.#take(told);
  }

  #take(told: LedgerLine): void {
    if (told.step === 'watch') {
      this.#since.set(told.name, Math.max(told.ms, this.#since.get(told.name) ?? told.ms));
      return;
    }
    this.#runs.add(told.run);
    this.#ids.add(told.id);
  }
}

function readLine(text: string): LedgerLine | null {
  if (text === '') return null;
  try {
    const read = line.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
