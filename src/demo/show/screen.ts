/** The screen of the live demonstration: 80 columns by 24 rows, as lines with tones. Pure. */
import type { StreamFigures } from './figures.ts';
import { column, type Line, type Piece, type Tone } from './ink.ts';
import { type Look, type TillLook, tillTotals } from './look.ts';
import { sparkline } from './sparkline.ts';
import type { WanState } from './wan.ts';

export const SCREEN_ROWS = 24;
const EVENT_ROWS = 8;
const LEFT_COLUMN = 40;
/** A queue of so many records fills the bar. */
const FULL_BAR_AT = 20;
const BLANK: Line = [''];

const MODE_TONE: Readonly<Record<string, Tone>> = {
  NORMAL: 'good',
  RECONCILING: 'warn',
  FALLBACK: 'warn',
  CAPTURE: 'bad',
};
const LINK_TONE: Readonly<Record<string, Tone>> = { ONLINE: 'good', DEGRADED: 'warn', OFFLINE: 'bad' };
const WAN_WORD: Readonly<Record<WanState, readonly [Tone, string]>> = {
  open: ['good', 'up'],
  cut: ['bad', 'CUT (connections refused)'],
  silent: ['bad', 'SILENT (nothing comes through)'],
  portal: ['warn', 'CAPTIVE PORTAL (200 OK to all)'],
};

/** All lines of the screen, `SCREEN_ROWS` of them. `isPlain`: without characters beyond ASCII. */
export function screen(look: Look, isPlain = false): Line[] {
  return [
    title(look),
    BLANK,
    ...figureLines(look),
    BLANK,
    queueLine(look, isPlain),
    BLANK,
    tillLine(look.tills, isPlain),
    checkerLine(look),
    BLANK,
    ...eventLines(look),
    BLANK,
    [' open  ', ['bold', look.urls.gateway], '  (health, metrics)   PMS ', look.urls.pms],
    keyLine(look),
  ];
}

function title({ elapsedMs }: Look): Line {
  const head = ' Counterfoil: four tills, a gateway, a PMS, and a bad line';
  return [['bold', head.padEnd(74)], clockText(elapsedMs)];
}

function figureLines(look: Look): Line[] {
  const { sold, acknowledged } = tillTotals(look.tills);
  const { figures, verdict } = look;
  const counts = verdict?.verdict.counts;
  const isUp = look.gateway === 'up';
  const wrong = (count: number | undefined): Piece =>
    count === undefined ? '-' : [count === 0 ? 'good' : 'bad', String(count)];
  return [
    row(['records in       ', ['bold', number(sold)]], ['gateway  ', gatewayPiece(look)]),
    row(
      ['durable, acked   ', ['bold', number(acknowledged)]],
      ['mode     ', toned(isUp ? figures?.mode : null, MODE_TONE)],
    ),
    row(
      ['synced to PMS    ', ['bold', number(figures?.synced ?? 0)]],
      ['link     ', toned(isUp ? figures?.link : null, LINK_TONE)],
    ),
    row(['pending standard ', ...streamPieces(figures?.standard)], ['WAN      ', WAN_WORD[look.wan]]),
    row(
      ['pending Sched. II', ...streamPieces(figures?.scheduleTwo)],
      ['checker  lost ', wrong(counts?.lost), '   twice ', wrong(counts?.twice)],
    ),
  ];
}

function gatewayPiece({ figures, gateway }: Look): Piece {
  if (gateway === 'up') return [figures?.health === 'fail' ? 'bad' : 'good', `up, health ${figures?.health ?? '?'}`];
  return ['bad', gateway === 'down' ? 'KILLED' : 'starting'];
}

function toned(word: string | null | undefined, tones: Readonly<Record<string, Tone>>): Piece {
  return word == null ? '-' : [tones[word] ?? 'bold', word];
}

function queueLine({ depths }: Look, isPlain: boolean): Line {
  const bars = sparkline(depths, FULL_BAR_AT, isPlain).padStart(60);
  return [' last minute ', bars, ` ${isPlain ? '|' : '│'}${Math.max(0, ...depths)}`];
}

function streamPieces(stream: StreamFigures | undefined): Line {
  const oldest = stream?.oldestSeconds ?? null;
  return [['bold', number(stream?.pending ?? 0)], oldest === null ? '' : `  oldest ${oldest.toFixed(0).padStart(3)} s`];
}

/** A till is lit while it is connected; what it keeps is on its own disk. */
function tillLine(tills: readonly TillLook[], isPlain: boolean): Line {
  const [lit, dark] = isPlain ? ['*', 'o'] : ['●', '○'];
  return [
    ' tills   ',
    ...tills.flatMap(({ isLit, kept, name }): Line => {
      const lamp: Piece = isLit ? ['good', lit ?? ''] : ['bad', dark ?? ''];
      return column([lamp, ` ${name.replace('lane-', '')} `, kept === 0 ? 'kept 0' : ['warn', `kept ${kept}`]], 17);
    }),
  ];
}

function checkerLine({ elapsedMs, isChecking, verdict }: Look): Line {
  if (verdict === null)
    return [' checker ', isChecking ? 'is reading all of it' : 'runs after each trouble, or press c'];
  const agoSeconds = Math.max(0, Math.round((elapsedMs - verdict.atMs) / 1000));
  const when = isChecking ? 'checking again' : `${agoSeconds} s ago`;
  const { content, problems } = verdict.verdict;
  if (content) return [' checker ', ['good', 'content'], ` with every record (${when})`];
  return [' checker ', ['bad', `NOT CONTENT (${when}): ${problems[0] ?? ''}`]];
}

function eventLines({ events }: Look): Line[] {
  const newest = events.slice(-EVENT_ROWS).map(({ atMs, text }): Line => [['dim', ` ${clockText(atMs)}  `], text]);
  return [...newest, ...Array.from({ length: EVENT_ROWS - newest.length }, () => BLANK)];
}

function keyLine({ isStopping }: Look): Line {
  if (isStopping) return [['bold', ' stopping: the queue drains, then the checker reads all; Ctrl-C ends at once']];
  const keys = ['w WAN', 'k kill -9', 'p portal', 'a alter a row', 'c check', 'q stop'];
  return [' keys  ', ...keys.flatMap((key): Line => [['bold', key.slice(0, 1)], `${key.slice(1)}   `])];
}

function row(left: Line, right: Line): Line {
  return [...column([' ', ...left], LEFT_COLUMN), ...right];
}

function number(value: number): string {
  return String(value).padStart(6);
}

/** `m:ss`, right-aligned in five characters. */
export function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`.padStart(5);
}
