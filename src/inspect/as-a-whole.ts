/** What can be said of a trail only when all of it was read. */
import { type Findings, NOWHERE } from './findings.ts';
import type { TrailFiles } from './segments.ts';
import type { Signed } from './signed.ts';

/** Segments and files; `logged` are the segments whose framing line an entry tells of. */
export function tellWhole(files: TrailFiles, logged: ReadonlySet<number>, findings: Findings): void {
  const { framings, isThere, madeReady, segments, strangers } = files;
  for (const { n } of segments) {
    const framing = framings.get(n);
    if (framing === undefined || typeof framing === 'string' || logged.has(n)) continue;
    findings.remark('framing_unlogged', n, null, `no entry tells of the first line of segment ${n} yet`);
  }
  if (!isThere) {
    findings.fault('segment_missing', { ...NOWHERE, segment: 0 }, 'the folder of this trail is not there');
  } else if (segments.length === 0) {
    const message = 'there is no segment: nothing has happened in this trail yet, or all of it was taken away';
    findings.remark('no_segments', null, null, message);
  }
  if (strangers.length > 0) {
    findings.remark('files_unknown', null, null, `files that are no part of a trail: ${strangers.join(', ')}`);
  }
  if (madeReady > 0) {
    findings.remark('files_ready', null, null, `${madeReady} empty segment files are made ready for what comes`);
  }
}

/** How far what is signed reaches over the `size` entries. */
export function tellSigned(size: number, { newest, proven }: Signed, keyGiven: boolean, findings: Findings): void {
  const covered = newest?.size ?? 0;
  if (proven === 0 && size > 0) {
    const by = keyGiven ? 'by the key you brought ' : '';
    const message = `nothing in this trail is signed ${by}so that it holds: whoever could write the files could write all of it anew`;
    if (keyGiven) findings.fault('nothing_signed', NOWHERE, message);
    else findings.remark('nothing_signed', null, null, message);
  } else if (size > covered) {
    const entries = covered === size - 1 ? `entry ${covered} is` : `entries ${covered} to ${size - 1} are`;
    const message = `${entries} newer than the newest checkpoint: only a witness could tell whether more followed`;
    findings.remark('unsigned_end', null, covered, message);
  }
}
