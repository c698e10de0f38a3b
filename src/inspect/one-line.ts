/** An entry in one line for people. Bodies hold hashes, numbers and names only; long lists are told by their length. */
import type { ShownEntry } from './entries.ts';
import { sequencesOf } from './entries.ts';

const MAX_TEXT = 60;
const MAX_SEQUENCES = 4;

/** Without line end. */
export function oneLine(entry: ShownEntry, withLog: boolean): string {
  const log = withLog ? `${entry.log} ` : '';
  return `${entry.time}  ${log}${entry.index}  ${entry.kind}  ${bodyText(entry)}`.trimEnd();
}

function bodyText({ kind, body }: ShownEntry): string {
  const sequences = sequencesOf(body);
  if (kind === 'intake' || Array.isArray(body.records) || Array.isArray(body.sequences)) {
    const others = Object.entries(body).filter(([name]) => name !== 'records' && name !== 'sequences');
    return [sequencesText(sequences), ...others.map(memberText)].join(' ');
  }
  if (typeof body.note === 'string') {
    const [origin = '', size = '', root = ''] = body.note.split('\n');
    return `${origin} size ${size} root ${root}`;
  }
  return Object.entries(body).map(memberText).join(' ');
}

function sequencesText(sequences: readonly number[]): string {
  const [first] = sequences;
  const last = sequences.at(-1);
  const noun = sequences.length === 1 ? 'record' : 'records';
  const isRun =
    sequences.length > 1 && sequences.every((sequence, at) => at === 0 || sequence === (sequences[at - 1] ?? 0) + 1);
  if (isRun) return `${sequences.length} ${noun} ${first} to ${last}`;
  const shown = sequences.slice(0, MAX_SEQUENCES).join(', ');
  return `${sequences.length} ${noun} ${shown}${sequences.length > MAX_SEQUENCES ? ', …' : ''}`;
}

function memberText([name, value]: [string, unknown]): string {
  if (Array.isArray(value) && JSON.stringify(value).length > MAX_TEXT) return `${name}=[${value.length}]`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Line ends and control characters of a text must not reach a terminal.
  const plain = text.replace(/\p{Cc}/gu, ' ');
  return `${name}=${plain.length > MAX_TEXT ? `${plain.slice(0, MAX_TEXT)}…` : plain}`;
}
