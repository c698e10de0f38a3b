/** The table of docs/SECURITY-MODEL.md, made from what both verifiers say about each attack. */
import type { TrailVerdict } from '../../../src/inspect/verdict.ts';
import { askInspect, codesOf } from './inspect-verifier.ts';
import { askPython, type Verdict } from './python-verifier.ts';
import type { Recording } from './sample-trail.ts';
import { layOut, type Trial, WAYS, wordsOf } from './trial.ts';

const BEGIN = '<!-- attacks:begin -->';
const END = '<!-- attacks:end -->';

/** What both say to one question. */
export interface Answers {
  readonly ours: TrailVerdict;
  readonly python: Verdict;
}

export interface Judged extends Trial {
  /** In the order of `WAYS`. */
  readonly answers: readonly Answers[];
}

/** Lays out every attack below `folder` and has each judged by both verifiers in every way. */
export function judgeAll(folder: string, recording: Recording): Judged[] {
  const trials = layOut(folder, recording);
  const questions = trials.flatMap((trial) => WAYS.map((way) => trial.questions[way]));
  const python = askPython(questions);
  return trials.map((trial, at) => {
    const answers = WAYS.flatMap((way, column) => {
      const said = python[at * WAYS.length + column];
      return said === undefined ? [] : [{ ours: askInspect(trial.questions[way]), python: said }];
    });
    return { ...trial, answers };
  });
}

/** The table as Markdown, without the marks around it. */
export function attackTable(judged: readonly Judged[]): string {
  const rows = judged.flatMap(({ attack, answers }) => {
    if (attack === null) return [];
    const cells = answers.map(cellOf);
    if (attack.why !== undefined) cells.push(`**not found**: ${attack.why}`);
    return [`| ${attack.what} | ${attack.key ? 'yes' : ''} | ${cells[0]} | ${cells[1]} | ${cells.at(-1)} |`];
  });
  const head = '| what is done | key stolen | the trail alone | with the public key | with witnesses |';
  return [head, '|---|---|---|---|---|', ...rows].join('\n');
}

function cellOf({ ours, python }: Answers): string {
  const [codes, words] = [codesOf(ours), wordsOf(python)];
  if (codes === 'ok' && words === 'ok') return '**not found**';
  return `${quoted(codes)} (${quoted(words)})`;
}

const quoted = (words: string): string =>
  words
    .split(', ')
    .map((word) => `\`${word}\``)
    .join(' ');

/** The page with its table replaced. Throws when it has no place for one. */
export function withTable(page: string, table: string): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, before + BEGIN.length)}\n${table}\n${page.slice(after)}`;
}
