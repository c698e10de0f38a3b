/** Writes archive files as docs/FORMATS.md has them, with nothing sealed in them: who checks them reads only their clear parts. */
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TrailMaker } from './trail-maker.ts';

const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer');

const lengthOf = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
};

export class ArchiveMaker {
  readonly file: string;
  readonly path: string;
  readonly #trail: TrailMaker;
  #bytes: Buffer;
  #previous: Buffer;
  #frames = 0;
  #record = 1000;

  /** `file` is a path below the archive; `directory` is the trail's. */
  constructor(directory: string, trail: TrailMaker, file: string) {
    this.file = file;
    this.path = join(directory, 'archive', file);
    this.#trail = trail;
    const text = Buffer.from(JSON.stringify({ file_id: 'made', part: 1, previous: null, v: 1 }));
    this.#bytes = Buffer.concat([Buffer.from('CFARCH1\n'), lengthOf(text), text]);
    this.#previous = sha256(this.#bytes);
    this.#write();
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** Appends a frame; gives where it begins. The trail tells of it unless it is not to. */
  frame(records: number, { isTold = true } = {}): number {
    const place = this.#bytes.length;
    const [first, last] = [this.#record, this.#record + records - 1];
    this.#record += records;
    const [help, body] = [Buffer.alloc(64, 1), Buffer.alloc(records * 200, 2)];
    const head = Buffer.from(
      JSON.stringify({
        body: body.length,
        file_id: 'made',
        first,
        help: help.length,
        last,
        n: this.#frames,
        previous: this.#previous.toString('base64'),
        records,
      }),
    );
    const before = Buffer.concat([Buffer.from('CFFR'), lengthOf(head), head, help, body]);
    const digest = sha256(before);
    const bytes = before.length + digest.length;
    if (isTold) {
      const told = { bytes, file: this.file, first: first - 999, frame: this.#frames };
      this.#trail.entry('archive', { ...told, hash: digest.toString('base64'), last: last - 999, records });
    }
    this.#bytes = Buffer.concat([this.#bytes, before, digest]);
    this.#previous = digest;
    this.#frames += 1;
    this.#write();
    return place;
  }

  #write(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, this.#bytes);
  }
}
