/** A verdict in words, for the inspector who reads it. Pure. */
import type {
  ArchiveVerdict,
  Fault,
  LogVerdict,
  Remark,
  SegmentVerdict,
  TrailVerdict,
  WitnessVerdict,
} from './verdict.ts';

/** A person looks at the first faults; --json has more of them. */
const MAX_FAULT_LINES = 10;
/** Segments that are all well are told in one line beyond so many. */
const MAX_SEGMENT_LINES = 12;

/** The whole verdict, ending in a line end. */
export function verdictText(verdict: TrailVerdict, directory: string): string {
  const lines = [`The trail in ${directory}`, ''];
  for (const [log, each] of Object.entries(verdict.logs)) lines.push(...logLines(log, each, verdict.key_given), '');
  if (verdict.archive !== null) lines.push(...archiveLines(verdict.archive), '');
  for (const witness of verdict.witnesses) lines.push(...witnessLines(witness));
  if (verdict.witnesses.length > 0) lines.push('');
  lines.push(...sentence(verdict));
  return `${lines.join('\n')}\n`;
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 entry`, `2 entries`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

function logLines(log: string, verdict: LogVerdict, keyGiven: boolean): string[] {
  const { faults, faults_total, remarks, remarks_total, first_index, first_time, last_time } = verdict;
  const state = faults_total === 0 ? 'holds' : `DOES NOT HOLD: ${plural(faults_total, 'fault')}`;
  const times = first_time === null ? '' : `, ${first_time} to ${last_time}`;
  const lines = [
    `${log}: ${state}`,
    `  ${plural(verdict.entries - first_index, 'entry', 'entries')} about ${plural(verdict.records, 'record')}${times}`,
    ...faults.slice(0, MAX_FAULT_LINES).map((fault) => `  WRONG ${whereOf(fault)}: ${fault.message}`),
  ];
  if (faults_total > MAX_FAULT_LINES) lines.push(`  … and ${plural(faults_total - MAX_FAULT_LINES, 'more fault')}`);
  lines.push(...segmentLines(verdict.segments), ...signedLines(verdict, keyGiven));
  lines.push(...remarks.map((remark) => `  note: ${remarkText(remark)}`));
  if (remarks_total > remarks.length)
    lines.push(`  … and ${plural(remarks_total - remarks.length, 'more note')} of these kinds`);
  return lines;
}

function whereOf({ segment, offset, index }: Fault): string {
  const parts = [
    segment === null ? 'in the trail as a whole' : `at segment ${segment}`,
    offset === null ? '' : `byte ${offset}`,
    index === null ? '' : `entry ${index}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function remarkText({ message }: Remark): string {
  return message;
}

function segmentLines(segments: readonly SegmentVerdict[]): string[] {
  const lines = segments.map(segmentLine);
  if (segments.length <= MAX_SEGMENT_LINES) return lines;
  const notable = segments.map(
    (segment, at) => segment.faults > 0 || segment.torn_bytes > 0 || at === segments.length - 1,
  );
  const well = segments.filter((_, at) => notable[at] === false);
  const bytes = well.reduce((sum, each) => sum + each.bytes, 0);
  const rest = `  ${plural(well.length, 'other segment')} of ${plural(bytes, 'byte')}: every byte accounted for`;
  return [...lines.filter((_, at) => notable[at] === true), rest];
}

function segmentLine({ n, bytes, valid_bytes, torn_bytes, entries, framing, faults }: SegmentVerdict): string {
  const torn = torn_bytes === 0 ? '' : `, ${plural(torn_bytes, 'byte')} of an interrupted write do not`;
  const counted =
    torn_bytes === 0 ? `${plural(bytes, 'byte')}, all of them count` : `${plural(valid_bytes, 'byte')} count${torn}`;
  const framed = framing === 'ok' ? '' : `, first line ${framing}`;
  const outcome = faults === 0 ? '' : `, ${plural(faults, 'fault')}`;
  return `  segment ${n}: ${plural(entries, 'entry', 'entries')}, ${counted}${framed}${outcome}`;
}

function signedLines({ checkpoints, cosignatures, epochs, root, entries }: LogVerdict, keyGiven: boolean): string[] {
  const lines: string[] = [];
  if (checkpoints.seen > 0) {
    const newest =
      checkpoints.newest === null
        ? ''
        : `; the newest covers the first ${plural(checkpoints.newest.size, 'entry', 'entries')}`;
    lines.push(
      `  ${count(checkpoints.proven)} of ${plural(checkpoints.seen, 'signed checkpoint')} ${checkpoints.seen === 1 ? 'holds' : 'hold'}${newest}`,
    );
  }
  if (cosignatures.seen > 0)
    lines.push(`  ${count(cosignatures.proven)} of ${plural(cosignatures.seen, 'cosignature')} verified`);
  for (const { origin, key } of epochs) {
    lines.push(
      `  signed as ${origin}`,
      `  key ${key}${keyGiven ? '' : "  (the trail's own word: compare it with the key the store gave you)"}`,
    );
  }
  if (root !== null) lines.push(`  root of all ${plural(entries, 'entry', 'entries')}: ${root}`);
  return lines;
}

function archiveLines(archive: ArchiveVerdict): string[] {
  const { bytes, checked, faults, faults_total, files, frames, frames_told, months_ended, records } = archive;
  if (!checked) return [`archive: not looked at; the trail tells of ${plural(frames_told, 'frame')} in it`];
  const state = faults_total === 0 ? 'holds' : `DOES NOT HOLD: ${plural(faults_total, 'fault')}`;
  const told = `${count(frames)} of ${plural(frames_told, 'frame')} as the trail tells of them`;
  const ended = months_ended === 0 ? '' : `; ${plural(months_ended, 'month')} ended by two people`;
  const lines = [
    `archive: ${state}`,
    `  ${plural(records, 'record')} in ${plural(files, 'file')} of ${plural(bytes, 'byte')}, ${told}${ended}`,
  ];
  for (const { file, message, offset } of faults.slice(0, MAX_FAULT_LINES)) {
    const where = `${file ?? 'in the archive as a whole'}${offset === null ? '' : `, byte ${offset}`}`;
    lines.push(`  WRONG ${where}: ${message}`);
  }
  if (faults_total > MAX_FAULT_LINES) lines.push(`  … and ${plural(faults_total - MAX_FAULT_LINES, 'more fault')}`);
  return [...lines, ...archive.remarks.map(({ file, message }) => `  note: ${file}: ${message}`)];
}

const WITNESS_WORDS = {
  proven: 'agrees',
  contradicted: 'CONTRADICTS THE TRAIL',
  ahead: 'HAS SEEN MORE THAN THE TRAIL HOLDS',
  unusable: 'could not be used',
} as const;

function witnessLines({ file, verdict, counts, findings }: WitnessVerdict): string[] {
  const total = counts.proven + counts.contradicted + counts.ahead + counts.unusable;
  const lines = [
    `witness ${file}: ${WITNESS_WORDS[verdict]} (${count(counts.proven)} of ${plural(total, 'statement')} proven)`,
  ];
  return [...lines, ...findings.map(({ message, verdict: word }) => `  ${word}: ${message}`)];
}

/** What it comes to. */
function sentence({ archive, logs, ok, witnesses, key_given }: TrailVerdict): string[] {
  const faults = Object.values(logs).reduce((sum, { faults_total }) => sum + faults_total, 0);
  if (faults > 0)
    return [
      `VERDICT: something is wrong with this trail; ${plural(faults, 'fault')} in all. Do not rely on it from the first fault on.`,
    ];
  const against = witnesses.find(({ verdict }) => verdict === 'contradicted' || verdict === 'ahead');
  if (against !== undefined)
    return [`VERDICT: the trail is whole in itself, but ${against.file} shows that it is not the whole truth.`];
  if (archive !== null && archive.faults_total > 0)
    return [
      `VERDICT: the trail holds, but the archive is not what it tells of; ${plural(archive.faults_total, 'fault')} in all. For a copy without the archive, say --no-archive.`,
    ];
  if (!ok) return ['VERDICT: the trail holds, but not every witness you gave could be used.'];
  const lines = ['VERDICT: the trail holds. Every byte, entry and checkpoint agrees with every other.'];
  if (witnesses.length === 0) {
    lines.push(
      'That shows that nothing was changed in part. That its end was not cut off, and that nobody who has the key wrote all of it anew,',
    );
    lines.push("only a witness can show: give receipts of tills, or the PMS's checkpoints, with --witness.");
  }
  if (!key_given)
    lines.push(
      'The key was taken from the trail itself. If you have it from the store or the PMS, give it with --key.',
    );
  return lines;
}
