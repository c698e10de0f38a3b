/**
 * The archive's files of one stream, kept like segments: made append-only, sealed when closed. They end only by an act of expiry,
 * and only after the years the sealer was started with, by its own clock: the gateway alone can destroy nothing early.
 */
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { ArchiveOpenResult, ArchivePartParams, ArchiveStream, SealResult } from '../base/sealer-wire.ts';
import { syncFolder } from './guarded.ts';
import { GuardedFolder } from './guarded-folder.ts';
import { sealFile, type Workshop } from './seal.ts';
import { changeFlag, readFlags, readFolderFlags } from './tools.ts';

const PART_NAME = /^\d{4}-\d{2}\.\d{4}\.cfa$/;
/** A gateway whose writes fail asks for the next part each time; it must not fill the disk with empty ones. */
const MAX_EMPTY = 16;

const monthName = ({ year, month }: Pick<ArchivePartParams, 'year' | 'month'>): string =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`;
const partName = (of: ArchivePartParams): string => `${monthName(of)}.${String(of.part).padStart(4, '0')}.cfa`;

export class ArchiveFolder extends GuardedFolder {
  readonly #retentionYears: number;
  readonly #clock: Clock;

  constructor(trailDir: string, stream: ArchiveStream, retentionYears: number, clock: Clock) {
    super(join(trailDir, 'archive', stream), `archive-${stream}`, PART_NAME);
    this.#retentionYears = retentionYears;
    this.#clock = clock;
  }

  /** The part is there, growing or sealed; earlier ones of its month that hold something are sealed. Throws `usage`, `storage_full`, `trail_unfit`. */
  async open(of: ArchivePartParams, workshop: Workshop): Promise<ArchiveOpenResult> {
    const name = partName(of);
    const files = this.files();
    if (!files.some((file) => file.name === name)) {
      const sameMonth = files.filter((file) => file.name.startsWith(`${monthName(of)}.`));
      if ((sameMonth.at(-1)?.name ?? '') > name) throw refused(`a later part than ${name} has been begun`);
      if (files.filter(({ sizeBytes }) => sizeBytes === 0).length >= MAX_EMPTY) throw refused('too many empty parts');
      await this.make(name, 0);
    }
    await this.#sealBefore(of, workshop);
    const { appendOnly, immutable } = await readFlags(this.path, name);
    return { appendOnly, immutable, sizeBytes: this.files().find((file) => file.name === name)?.sizeBytes ?? 0 };
  }

  /** Neither the part nor those before it in its month can be changed any more. */
  async seal(of: ArchivePartParams, workshop: Workshop): Promise<SealResult> {
    const name = partName(of);
    if (!this.files().some((file) => file.name === name)) throw refused(`there is no ${name}`);
    await this.#sealBefore(of, workshop);
    return await sealFile(this, workshop, name);
  }

  /** Destroys a sealed part whose month is over for long enough; no error when it is gone. Throws `usage`. */
  async expire(of: ArchivePartParams): Promise<void> {
    const name = partName(of);
    if (!this.files().some((file) => file.name === name)) return;
    if (this.#clock.utcMs() < Date.UTC(of.year + this.#retentionYears, of.month, 1)) {
      throw new CounterfoilError(
        'usage',
        `${this.label} ${name} is to be kept: by the sealer's clock its ${this.#retentionYears} years are not over`,
        'Look at the clock, and at retention.years in the configuration the sealer was started with.',
      );
    }
    if (!(await readFlags(this.path, name)).immutable) throw refused(`${name} is not sealed`);
    this.shutTheDoor();
    try {
      await changeFlag(this.path, name, '-i');
      unlinkSync(join(this.path, name));
      syncFolder(this.path);
    } finally {
      this.openTheDoor();
    }
  }

  async #sealBefore(of: ArchivePartParams, workshop: Workshop): Promise<void> {
    const flags = await readFolderFlags(this.path);
    const name = partName(of);
    for (const file of this.files()) {
      const isBefore = file.name.startsWith(`${monthName(of)}.`) && file.name < name && file.sizeBytes > 0;
      if (isBefore && flags.get(file.name)?.immutable !== true) await sealFile(this, workshop, file.name);
    }
  }
}

function refused(message: string): CounterfoilError {
  return new CounterfoilError('usage', message, 'Gateway and sealer disagree: compare trail_dir of both.');
}
