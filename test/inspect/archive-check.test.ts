/** The archive against the trail that tells of it: every byte that counts, and what two people have ended. */
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verdictText } from '../../src/inspect/verdict-text.ts';
import { verifyTrail } from '../../src/inspect/verify.ts';
import { ArchiveMaker } from './archive-maker.ts';
import { begunTrail, end, fill, judge, logOf, type MadeTrail } from './made.ts';

interface Made extends MadeTrail {
  readonly standard: ArchiveMaker;
  readonly second: ArchiveMaker;
  /** Where the frames of `standard` begin. */
  readonly places: readonly number[];
}

/** Three frames of standard records, one of Schedule II. */
function archived(after: (trail: MadeTrail) => void = () => undefined): Made {
  const trail = begunTrail();
  fill(trail.audit, 8);
  const standard = new ArchiveMaker(trail.directory, trail.audit, 'standard/2024-01.0001.cfa');
  const second = new ArchiveMaker(trail.directory, trail.scheduleTwo, 'schedule_two/2024-01.0001.cfa');
  const places = [3, 5, 2].map((records) => standard.frame(records));
  second.frame(4);
  after(trail);
  end(trail);
  return { ...trail, standard, second, places };
}

const faultsOf = (trail: MadeTrail) =>
  judge(trail).archive?.faults.map(({ code, file, offset, frame }) => `${code} ${file}:${offset} #${frame}`);

/** Another value in this byte. */
function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('the archive of a trail', () => {
  test('holds, with every frame the trail tells of', () => {
    const made = archived();
    const verdict = judge(made);
    expect(verdict.ok).toBe(true);
    expect(verdict.archive).toEqual({
      checked: true,
      files: 2,
      bytes: made.standard.bytes + made.second.bytes,
      frames: 4,
      frames_told: 4,
      records: 14,
      months_ended: 0,
      faults: [],
      faults_total: 0,
      remarks: [],
      remarks_total: 0,
    });
    expect(verdictText(verdict, 'here')).toMatch(/^archive: holds\n {2}14 records in 2 files/m);
    expect(judge(made, { log: 'schedule_two' }).archive).toMatchObject({ files: 1, frames: 1, records: 4 });
  });

  test('is nothing to speak of where there is none', () => {
    const trail = begunTrail();
    end(trail);
    expect(judge(trail)).toMatchObject({ ok: true, archive: null });
  });

  test('another bit is found wherever it is, in its frame and in no other', () => {
    const made = archived();
    const whole = readFileSync(made.standard.path);
    const frameAt = (offset: number) => made.places.findLastIndex((place) => place <= offset);
    const begins = [0, ...made.places].flatMap((place) => [place, place + 5, place + 7, place + 20]);
    const ends = [...made.places.slice(1), whole.length].map((place) => place - 1);
    for (const offset of [...begins, ...ends, ...Array.from({ length: 16 }, (_, n) => n * 173)]) {
      flip(made.standard.path, offset);
      const frame = frameAt(offset);
      const found = judge(made);
      expect(found.ok).toBe(false);
      const [fault] = found.archive?.faults ?? [];
      // In the header it may be its length, and then the frames are not where they were.
      if (frame === -1) expect(fault).toMatchObject({ file: made.standard.file });
      else {
        expect(found.archive).toMatchObject({ frames: 3, faults_total: 1 });
        expect(fault).toMatchObject({
          code: 'archive_frame',
          file: made.standard.file,
          frame,
          offset: made.places[frame],
        });
      }
      writeFileSync(made.standard.path, whole);
    }
  });

  test('a header that is another one', () => {
    const made = archived();
    flip(made.standard.path, 30);
    expect(faultsOf(made)).toEqual([`archive_header ${made.standard.file}:0 #null`]);
  });

  test('a file that is cut, or missing, or the whole folder', () => {
    const made = archived();
    truncateSync(made.standard.path, made.standard.bytes - 1);
    expect(faultsOf(made)).toEqual([`archive_cut ${made.standard.file}:${made.places[2]} #2`]);
    rmSync(made.standard.path);
    expect(faultsOf(made)).toEqual([`archive_missing ${made.standard.file}:null #null`]);
    rmSync(join(made.directory, 'archive'), { recursive: true });
    expect(faultsOf(made)).toEqual(['archive_missing null:null #null']);
    expect(verdictText(judge(made), 'here')).toMatch(/VERDICT: the trail holds, but the archive is not/);
  });

  test('files in the places of each other', () => {
    const made = archived();
    writeFileSync(made.standard.path, readFileSync(made.second.path));
    expect(faultsOf(made)?.[0]).toMatch(/^archive_(frame|cut) standard/);
  });

  test('a copy without it, and an export, are not looked at', () => {
    const made = archived();
    rmSync(join(made.directory, 'archive'), { recursive: true });
    const task = { directory: made.directory, log: null, key: null, witnesses: [] };
    const left = { ok: true, archive: { checked: false, frames_told: 4, faults_total: 0 } };
    expect(verifyTrail({ ...task, withoutArchive: true })).toMatchObject(left);
    expect(verifyTrail({ ...task, directory: join(made.directory, 'audit') })).toMatchObject({
      ok: true,
      archive: { checked: false, frames_told: 3 },
    });
    writeFileSync(join(made.directory, 'contents.json'), '{}');
    expect(verifyTrail(task)).toMatchObject(left);
    expect(verdictText(verifyTrail(task), 'here')).toMatch(/^archive: not looked at; the trail tells of 4 frames/m);
  });

  test('what no entry tells of is only remarked', () => {
    const made = archived();
    made.standard.frame(1, { isTold: false });
    appendFileSync(made.second.path, 'CFFR of a frame that was not finished');
    new ArchiveMaker(made.directory, made.audit, 'standard/2024-02.0001.cfa');
    const { archive, ok } = judge(made);
    expect(ok).toBe(true);
    expect(archive?.remarks.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'archive_untold standard/2024-01.0001.cfa',
      'archive_untold schedule_two/2024-01.0001.cfa',
      'archive_untold standard/2024-02.0001.cfa',
    ]);
    expect(archive).toMatchObject({ frames: 4 });
  });

  test('a month that two people have ended may be gone, what came later may not', () => {
    const months = [['standard', '2024-01', 1, 10, 'hash']];
    let late: ArchiveMaker | undefined;
    const made = archived(({ directory, audit, scheduleTwo }) => {
      for (const trail of [audit, scheduleTwo]) trail.entry('expire', { act: 'x', by: [], months });
      late = new ArchiveMaker(directory, audit, 'standard/2024-01.0002.cfa');
      late.frame(1);
    });
    expect(judge(made).archive).toMatchObject({ months_ended: 1, remarks: [{ code: 'archive_ended' }] });
    rmSync(made.standard.path);
    const found = judge(made);
    expect(found).toMatchObject({ ok: true, archive: { frames: 2, frames_told: 2, remarks: [] } });
    rmSync(made.second.path);
    rmSync(late?.path ?? '');
    expect(faultsOf(made)).toEqual([
      'archive_missing standard/2024-01.0002.cfa:null #null',
      'archive_missing schedule_two/2024-01.0001.cfa:null #null',
    ]);
  });

  test('an entry names files of its own stream, and nothing outside the archive', () => {
    const told = (file: string) => ({ bytes: 1, file, first: 1, frame: 0, hash: 'h', last: 1, records: 1 });
    const made = archived(({ audit }) => {
      audit.entry('archive', told('standard/../../../2024-01.0001.cfa'));
      audit.entry('archive', told('schedule_two/2024-01.0001.cfa'));
    });
    expect(logOf(judge(made)).faults.map(({ code }) => code)).toEqual(['entry_malformed', 'wrong_trail']);
  });
});
