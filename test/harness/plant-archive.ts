/**
 * Loaded before the gateway with `--import`: kills it at a step of the archive, as kill -9 or a power cut would. ARCHIVE_STEP
 * says which: `torn` half a frame is in the file, `appended` the frame is in the file and nobody knows it, `noted` its rows
 * are all still there, `leaving` some of them are gone.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { PartWriter } from '../../src/archive/part-writer.ts';
import { archivePath, type SealedFrame } from '../../src/buffer/api.ts';
import { ArchiveStore } from '../../src/buffer/archive/store.ts';

const step = process.env.ARCHIVE_STEP;
const die = () => process.kill(process.pid, 'SIGKILL');

const { seal, noteFrame, removeRows } = ArchiveStore.prototype;
const { write } = PartWriter.prototype;

if (step === 'torn') {
  let header: Buffer = Buffer.alloc(0);
  const { header: makeHeader } = ArchiveStore.prototype;
  let name = '';
  ArchiveStore.prototype.header = function (...args) {
    const made = makeHeader.apply(this, args);
    header = made.bytes;
    name = archivePath(args[0]);
    return made;
  };
  ArchiveStore.prototype.seal = function (...args): SealedFrame {
    const frame = seal.apply(this, args);
    const half = frame.bytes.subarray(0, frame.bytes.length / 2);
    appendFileSync(join(process.env.ARCHIVE_DIR ?? '', name), Buffer.concat([header, half]));
    die();
    return frame;
  };
}
if (step === 'appended') {
  PartWriter.prototype.write = async function (...args) {
    const written = await write.apply(this, args);
    die();
    return written;
  };
}
if (step === 'noted') {
  ArchiveStore.prototype.noteFrame = async function (...args) {
    const place = await noteFrame.apply(this, args);
    die();
    return place;
  };
}
if (step === 'leaving') {
  let removed = 0;
  ArchiveStore.prototype.removeRows = async function (...args) {
    const done = await removeRows.apply(this, args);
    removed += done.rows;
    if (removed > 0) die();
    return done;
  };
}
