/**
 * Summaries on their way: one file of JSON lines for each hour, appended to and removed when it was taken. Nothing waits for
 * the disk (no fsync): if the power goes, the summaries of the last seconds may be gone, and a torn last line is left out.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Summary, summarySchema } from './summary.ts';

const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}\.jsonl$/;

export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws what the disk throws. */
  add(summary: Summary): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    appendFileSync(join(this.#folder, `${summary.at_utc.slice(0, 13)}.jsonl`), `${JSON.stringify(summary)}\n`, {
      mode: 0o600,
    });
  }

  /** Names of the hours that wait, oldest first. */
  hours(): readonly string[] {
    return existsSync(this.#folder)
      ? readdirSync(this.#folder)
          .filter((name) => NAME.test(name))
          .sort()
      : [];
  }

  /** The summaries of an hour; lines that are none (torn, of another version) are left out. */
  read(hour: string): readonly Summary[] {
    const lines = readFileSync(join(this.#folder, hour), 'utf8').split('\n');
    return lines.flatMap((line) => parsed(line) ?? []);
  }

  remove(hour: string): void {
    rmSync(join(this.#folder, hour), { force: true });
  }

  /** Forgets the oldest hours beyond the newest `most`; gives how many. */
  trim(most: number): number {
    const over = this.hours().slice(0, -most);
    for (const hour of over) this.remove(hour);
    return over.length;
  }
}

function parsed(line: string): Summary | null {
  if (line === '') return null;
  try {
    return summarySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
