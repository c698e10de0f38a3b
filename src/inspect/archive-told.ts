/** What a trail tells of its stream's archive: which frames stand in which file, and which months were ended by two people. */
import type { Findings, Place } from './findings.ts';

type Body = Readonly<Record<string, unknown>>;

/** A frame as its entry tells of it. */
export interface ToldFrame {
  /** Length in its file. */
  readonly bytes: number;
  /** Its last 32 bytes, base64. */
  readonly hash: string;
  readonly records: number;
  /** Difference between its largest and its smallest record number; these themselves begin anew with each epoch. */
  readonly span: number;
  /** The entry. */
  readonly index: number | null;
}

/** A trail names the files of its own stream, and nothing outside the archive can be meant. */
const FILE = /^(standard|schedule_two)\/(\d{4}-\d{2})\.\d{4,9}\.cfa$/;

export const streamOf = (log: string): string => (log === 'schedule_two' ? 'schedule_two' : 'standard');

export class ArchiveTold {
  /** By file (path below the archive) and number of the frame; files of ended months are not among them. */
  readonly files = new Map<string, Map<number, ToldFrame>>();
  /** Files that acts of expiry have ended. */
  readonly ended = new Set<string>();
  /** Months that acts of expiry have ended. */
  readonly endedMonths = new Set<string>();
  readonly #stream: string;
  readonly #findings: Findings;

  constructor(log: string, findings: Findings) {
    this.#stream = streamOf(log);
    this.#findings = findings;
  }

  get frames(): number {
    return [...this.files.values()].reduce((sum, frames) => sum + frames.size, 0);
  }

  /** An `archive` entry. */
  frame({ bytes, file, first, frame, hash, last, records }: Body, place: Place): void {
    const numbers = [bytes, frame, records].every((each) => Number.isSafeInteger(each) && Number(each) >= 0);
    const stream = typeof file === 'string' ? FILE.exec(file)?.[1] : undefined;
    if (!numbers || stream === undefined || typeof hash !== 'string') {
      this.#findings.fault('entry_malformed', place, `entry ${place.index} is not formed as one about the archive`);
      return;
    }
    if (stream !== this.#stream) {
      this.#findings.fault('wrong_trail', place, `entry ${place.index} is about an archive that this trail is not for`);
      return;
    }
    const name = String(file);
    const frames = this.files.get(name) ?? new Map<number, ToldFrame>();
    this.files.set(name, frames);
    const span = Number(last) - Number(first);
    frames.set(Number(frame), { bytes: Number(bytes), hash, records: Number(records), span, index: place.index });
  }

  /** An `expire` entry, which stands in both trails: what was told before it of these months is to be gone. */
  expire({ months }: Body): void {
    for (const told of Array.isArray(months) ? months : []) {
      const [stream, month] = Array.isArray(told) ? (told as unknown[]) : [];
      if (stream !== this.#stream) continue;
      this.endedMonths.add(String(month));
      for (const file of [...this.files.keys()]) {
        if (FILE.exec(file)?.[2] !== month) continue;
        this.files.delete(file);
        this.ended.add(file);
      }
    }
  }
}
