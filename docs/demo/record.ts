/**
 * Records the demonstration for the front page: plays it in a terminal of 80 by 24 (tmux), presses keys at fixed points of
 * the story, and writes one screen and the summary between `<!-- demo:begin -->` and `<!-- demo:end -->` of README.md.
 *
 *   node docs/demo/record.ts            needs tmux (apt-get install tmux) and a minute
 *
 * It waits for what is on the screen, never for a while, so a slow machine records the same story.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../..');
const README = resolve(ROOT, 'README.md');
const BEGIN = '<!-- demo:begin -->';
const END = '<!-- demo:end -->';
const SEED = 'front-page';
const LIMIT_MS = 60_000;
/** A server of its own: nobody's tmux settings or sessions are touched. */
const TMUX = ['-L', `counterfoil-${process.pid}`, '-f', '/dev/null'];

const tmux = (...args: string[]): string => execFileSync('tmux', [...TMUX, ...args], { encoding: 'utf8' });
const capture = (): string => tmux('capture-pane', '-p', '-t', 'demo').trimEnd();
const press = (key: string): string => tmux('send-keys', '-t', 'demo', key);

/** The first screen that shows all of `wanted`. */
async function shows(...wanted: RegExp[]): Promise<string> {
  const until = Date.now() + LIMIT_MS;
  while (Date.now() < until) {
    const screen = capture();
    if (wanted.every((each) => each.test(screen))) return screen;
    await sleep(200);
  }
  throw new Error(`the screen never showed ${wanted.join(' and ')}:\n${capture()}`);
}

/** Plays the story; gives the screen in the middle of it and what is printed at the end. */
async function record(): Promise<{ screen: string; summary: string }> {
  const program = `'${process.execPath}' src/main/counterfoil.mjs demo --seed ${SEED}; exec cat`;
  const terminal = ['-x', '80', '-y', '24', '-c', ROOT, '-e', 'LANG=C.UTF-8'];
  tmux('new-session', '-d', '-s', 'demo', ...terminal, program);
  try {
    await shows(/WAN cut/, /FALLBACK/);
    press('k');
    await shows(/gateway up again/);
    await shows(/WAN back/, /mode +NORMAL/, /checker content/);
    press('a');
    await shows(/altered, QUARANTINED/, /checked: .*altered/);
    press('w');
    await shows(/mode +FALLBACK/, /oldest +\d\d s/);
    press('k');
    const screen = await shows(/KILLED/, /kept [1-9]/);
    await shows(/gateway +up/);
    press('w');
    await shows(/mode +NORMAL/, /kept 0.*kept 0.*kept 0.*kept 0/);
    press('q');
    const end = await shows(/The checker is/);
    return { screen, summary: end.slice(end.indexOf('sold at the tills')) };
  } finally {
    tmux('kill-server');
  }
}

/** The page with `text` between its two marks. */
function between(page: string, text: string): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n${text}\n${END}${after}`;
}

const { screen, summary } = await record();
const block = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;
const text = [
  block(screen),
  '',
  'The line was cut, a record altered on the disk and the gateway killed, as the keys say. And this is how it ended:',
  '',
  block(summary),
].join('\n');
writeFileSync(README, between(readFileSync(README, 'utf8'), text));
process.stdout.write(`${text}\n`);
