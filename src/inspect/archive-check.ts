/** The archive beside a trail: is every frame there that the trail tells of, as it was written? Read after the trail, because a gateway may be running. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkArchiveFile } from './archive-file.ts';
import { type ArchiveTold, streamOf, type ToldFrame } from './archive-told.ts';
import { attempt } from './files.ts';
import type { ArchiveFault, ArchiveFaultCode, ArchiveRemark, ArchiveVerdict } from './verdict.ts';

const MAX_FAULTS = 100;
const MAX_REMARKS = 20;

export interface ArchiveTask {
  /** `{trail_dir}/archive`, whether it is there or not. */
  readonly directory: string;
  /** What the trails that were read tell, by their names. */
  readonly told: ReadonlyMap<string, ArchiveTold>;
  readonly onBytes: (bytes: number) => void;
}

/** Files of the archive's streams that belong to these trails, as paths below it. */
export function archiveFilesOf(directory: string, logs: Iterable<string>): string[] {
  const streams = [...logs].map(streamOf).filter((stream) => existsSync(join(directory, stream)));
  return streams.flatMap((stream) => {
    const folder = join(directory, stream);
    const names = attempt(folder, () => readdirSync(folder)).filter((name) => name.endsWith('.cfa'));
    return names.sort().map((name) => `${stream}/${name}`);
  });
}

/** Null when there is nothing to check: no folder, and no trail tells of one. @throws CounterfoilError `storage_io`. */
export function checkArchive(task: ArchiveTask): ArchiveVerdict | null {
  const isHere = existsSync(task.directory);
  const told = notChecked(task.told);
  if (!isHere && told.frames_told === 0) return told.months_ended === 0 ? null : { ...told, checked: true };
  return new ArchiveCheck(task).run(isHere);
}

/** What is said of an archive that is not looked at. */
export function notChecked(told: ArchiveTask['told']): ArchiveVerdict {
  const each = [...told.values()];
  return {
    checked: false,
    files: 0,
    bytes: 0,
    frames: 0,
    frames_told: each.reduce((sum, { frames }) => sum + frames, 0),
    records: 0,
    months_ended: each.reduce((sum, { endedMonths }) => sum + endedMonths.size, 0),
    faults: [],
    faults_total: 0,
    remarks: [],
    remarks_total: 0,
  };
}

class ArchiveCheck {
  readonly #task: ArchiveTask;
  readonly #faults: ArchiveFault[] = [];
  readonly #remarks: ArchiveRemark[] = [];
  #faultsTotal = 0;
  #remarksTotal = 0;
  #files = 0;
  #bytes = 0;
  #frames = 0;
  #records = 0;

  constructor(task: ArchiveTask) {
    this.#task = task;
  }

  run(isHere: boolean): ArchiveVerdict {
    const { directory, told } = this.#task;
    if (!isHere) {
      const message = 'the folder "archive" is not there, though the trail tells of what is in it';
      this.#fault('archive_missing', null, null, null, message);
    } else {
      for (const { files } of told.values()) for (const [file, frames] of files) this.#file(file, frames);
      for (const file of archiveFilesOf(directory, told.keys())) this.#unknown(file);
    }
    return {
      ...notChecked(told),
      checked: true,
      files: this.#files,
      bytes: this.#bytes,
      frames: this.#frames,
      records: this.#records,
      faults: this.#faults,
      faults_total: this.#faultsTotal,
      remarks: this.#remarks,
      remarks_total: this.#remarksTotal,
    };
  }

  #file(file: string, told: ReadonlyMap<number, ToldFrame>): void {
    const path = join(this.#task.directory, file);
    if (!existsSync(path)) {
      const what = `the trail tells of ${told.size} ${told.size === 1 ? 'frame' : 'frames'} in it, and of no act that ended this month`;
      this.#fault('archive_missing', file, null, null, `it is missing: ${what}`);
      return;
    }
    const { size } = attempt(path, () => statSync(path));
    const onFault = (code: ArchiveFaultCode, offset: number, frame: number | null, message: string) =>
      this.#fault(code, file, offset, frame, message);
    const result = checkArchiveFile({ path, bytes: size, told, onBytes: this.#task.onBytes, onFault });
    this.#files += 1;
    this.#bytes += size;
    this.#frames += result.frames;
    this.#records += result.records;
    if (result.end < size) {
      const why = 'power failed between file and commit, or what came last was not in a segment yet';
      this.#remark('archive_untold', file, `no entry tells of its last ${size - result.end} bytes: ${why}`);
    }
  }

  /** Files that the trails do not tell of as being there. */
  #unknown(file: string): void {
    const each = [...this.#task.told.values()];
    if (each.some(({ files }) => files.has(file))) return;
    const path = join(this.#task.directory, file);
    const bytes = attempt(path, () => statSync(path)).size;
    if (each.some(({ ended }) => ended.has(file))) {
      this.#remark(
        'archive_ended',
        file,
        'two people have ended this month, and the file is still there or back again',
      );
    } else if (bytes > 0) {
      this.#remark('archive_untold', file, `no entry tells of it (${bytes} bytes): nothing in it counts`);
    }
  }

  #fault(
    code: ArchiveFaultCode,
    file: string | null,
    offset: number | null,
    frame: number | null,
    message: string,
  ): void {
    this.#faultsTotal += 1;
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ code, file, offset, frame, message });
  }

  #remark(code: ArchiveRemark['code'], file: string, message: string): void {
    this.#remarksTotal += 1;
    if (this.#remarks.length < MAX_REMARKS) this.#remarks.push({ code, file, message });
  }
}
