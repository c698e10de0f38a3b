/**
 * What has been uploaded, in a small file in data_dir. It saves asking the store for every file at each start, and nothing more: without it
 * the store is asked, and what is there is not sent again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceDurably } from '../../base/durable-async.ts';

const LOGS = ['audit', 'schedule_two'] as const;
export type UploadLog = (typeof LOGS)[number];

const state = z.strictObject({
  v: z.literal(1),
  /** Address, bucket and prefix: with another one everything is uploaded there too. */
  target: z.string(),
  /** Folder below the prefix: the epoch at the first upload, so that a restored box begins one of its own. */
  folder: z.string().regex(/^[0-9a-f]{8}$/),
  /** Segments below this number are there. */
  segments: z.strictObject({ audit: z.int().min(0), schedule_two: z.int().min(0) }),
  /** Files of the archive that are there, as paths below it. */
  archive: z.array(z.string()),
});
type State = z.output<typeof state>;

export class Ledger {
  readonly #path: string;
  #state: State;

  private constructor(path: string, content: State) {
    this.#path = path;
    this.#state = content;
  }

  /** What is there for this target; a file that is missing, unreadable or of another target begins anew, in `folder`. */
  static open(path: string, target: string, folder: string): Ledger {
    const fresh: State = { v: 1, target, folder, segments: { audit: 0, schedule_two: 0 }, archive: [] };
    const found = existsSync(path) ? read(path) : null;
    return new Ledger(path, found !== null && found.target === target ? found : fresh);
  }

  get folder(): string {
    return this.#state.folder;
  }

  /** Number of the first segment that has not been uploaded. */
  nextSegment(log: UploadLog): number {
    return this.#state.segments[log];
  }

  hasArchive(file: string): boolean {
    return this.#state.archive.includes(file);
  }

  /** Durable once it resolves; if the power goes here, the store is asked again. */
  async noteSegment(log: UploadLog, n: number): Promise<void> {
    await this.#write({ ...this.#state, segments: { ...this.#state.segments, [log]: n + 1 } });
  }

  async noteArchive(file: string): Promise<void> {
    await this.#write({ ...this.#state, archive: [...this.#state.archive, file] });
  }

  async #write(next: State): Promise<void> {
    await replaceDurably(this.#path, `${JSON.stringify(next)}\n`);
    this.#state = next;
  }
}

function read(path: string): State | null {
  try {
    return state.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
