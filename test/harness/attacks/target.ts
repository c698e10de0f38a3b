/** A recording with what attacks ask about it, and the ways in which they leave its files. */
import type { KeyObject } from 'node:crypto';
import type { Recording } from './sample-trail.ts';
import { checkpointIn, type Log, type ModelEntry, type TrailModel, type Written, write } from './trail-model.ts';

/** What is left of each trail: its segments (null: not there any more), or nothing at all. */
export type Files = Record<Log, readonly (Buffer | null)[] | null>;

/** A recording with what attacks ask about it. */
export class Target {
  readonly recording: Recording;
  readonly written: Record<Log, Written>;

  constructor(recording: Recording) {
    this.recording = recording;
    this.written = {
      audit: write(recording.models.audit, recording.privateKey),
      schedule_two: write(recording.models.schedule_two, recording.privateKey),
    };
  }

  get key(): KeyObject {
    return this.recording.privateKey;
  }

  /** The files as they were. */
  files(): Record<Log, readonly Buffer[]> {
    return { audit: this.written.audit.files, schedule_two: this.written.schedule_two.files };
  }

  model(log: Log): TrailModel {
    return this.recording.models[log];
  }

  entries(log: Log): readonly ModelEntry[] {
    return this.model(log).flatMap(({ entries }) => entries);
  }

  /** Index of an intake entry in a closed segment with an entry behind it: what most attacks are about. */
  victim(log: Log): number {
    const { places } = this.written[log];
    const entries = this.entries(log);
    const last = this.model(log).length - 1;
    const found = entries.findIndex(({ k }, at) => {
      const segment = places[at]?.segment ?? last;
      return k === 'intake' && at > 3 && segment < last && places[at + 1]?.segment === segment;
    });
    return sure(found, 'an intake entry in a closed segment');
  }

  /** Index of the last intake entry. */
  newestIntake(log: Log): number {
    return sure(
      this.entries(log).findLastIndex(({ k }) => k === 'intake'),
      'an intake entry',
    );
  }

  /** Size of the newest checkpoint the PMS has cosigned. */
  cosignedSize(log: Log): number {
    const sizes = this.recording.witnesses.cosigned.map((note) => checkpointIn(note));
    return Math.max(...sizes.filter(({ origin }) => origin.endsWith(`/${log}`)).map(({ size }) => size));
  }

  /** Trail `log` put together from what `change` makes of it; the other one as it was. */
  rewritten(log: Log, change: (model: TrailModel) => TrailModel, key: KeyObject | null = this.key): Files {
    return { ...this.files(), [log]: write(change(this.model(log)), key).files };
  }

  /** Trail `log` with a part of its bytes replaced; the other one as it was. */
  patched(log: Log, segment: number, change: (file: Buffer) => Buffer): Files {
    const files = this.written[log].files;
    return { ...this.files(), [log]: files.with(segment, change(Buffer.from(files[segment] ?? ''))) };
  }

  /** Trail `log` with the line of an entry replaced by other lines. */
  line(log: Log, index: number, change: (line: Buffer, next: Buffer) => Buffer, lines = 1): Files {
    const place = this.written[log].places[index];
    const next = this.written[log].places[index + 1];
    if (place === undefined || next === undefined) throw new Error(`no entry ${index} with one behind it`);
    const length = lines === 1 ? place.length : place.length + next.length;
    return this.patched(log, place.segment, (file) => {
      const line = file.subarray(place.offset, place.offset + place.length);
      const after = file.subarray(next.offset, next.offset + next.length);
      const changed = change(line, after);
      return Buffer.concat([file.subarray(0, place.offset), changed, file.subarray(place.offset + length)]);
    });
  }

  /** Trail `log` up to entry `size`, as a clean cut at the end of a line leaves it. */
  cut(log: Log, size: number): readonly Buffer[] {
    const place = this.written[log].places[size];
    if (place === undefined) throw new Error(`no entry ${size}`);
    const files = this.written[log].files;
    return [...files.slice(0, place.segment), (files[place.segment] ?? Buffer.alloc(0)).subarray(0, place.offset)];
  }
}

/** The index that was found. Throws when the recording does not have what an attack needs. */
function sure(index: number, what: string): number {
  if (index < 0) throw new Error(`the recording has not ${what}`);
  return index;
}

/** A segment of the audit trail with a torn tail. */
export function tornSegment(target: Target): number {
  const found = target.model('audit').findIndex(({ tail, framed }) => framed && tail.length > 0);
  return sure(found, 'a torn tail');
}

/** A segment of the audit trail with a framing line, between others. */
export function middleSegment(target: Target): number {
  const model = target.model('audit');
  const found = model.findIndex(({ framed }, n) => framed && n > 0 && n < model.length - 1);
  return sure(found, 'a segment between others');
}

/** What a disk image of long ago had: a little more than the first checkpoint. */
export function early(target: Target, log: Log): number {
  const found = target.entries(log).findIndex(({ k }) => k === 'cp');
  return 3 + sure(found, 'a checkpoint');
}
