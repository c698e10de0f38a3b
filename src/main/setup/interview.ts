/** Gets every answer: from an option, from the person, or what is usual; a wrong one is told at once and asked for again. */
import { loadConfigFully } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { AnsweringPerson } from '../commands/person.ts';
import { type Answers, QUESTIONS, type Question, type SettingsByName } from './questions.ts';

/**
 * All answers. `given` are those of the command line. `person` null: nobody is asked.
 * @throws CounterfoilError `usage` for an answer that is missing or wrong where nobody can be asked again, and when the person ends it.
 */
export async function interview(given: Answers, person: AnsweringPerson | null): Promise<Answers> {
  let answers: Answers = {};
  for (const question of QUESTIONS) {
    if (question.applies?.(answers) === false) continue;
    const said = given[question.name];
    const answer =
      said === undefined && person !== null
        ? await ask(question, answers, person)
        : taken(question, answers, said ?? question.fallback(answers));
    answers = { ...answers, [question.name]: answer };
  }
  return answers;
}

/** What the answers mean, by dotted name. Empty ones mean nothing. */
export function settingsOf(answers: Answers): SettingsByName {
  const settings = QUESTIONS.map((question) => {
    const answer = answers[question.name] ?? '';
    return answer === '' ? {} : question.settings(answer);
  });
  return Object.assign({}, ...settings) as SettingsByName;
}

function taken(question: Question, answers: Answers, answer: string | null): string {
  const option = `--${question.name} <${question.argument}>`;
  if (answer === null) {
    throw new CounterfoilError('usage', `nobody said: ${question.text}`, `Write ${option}, or run it at a terminal.`);
  }
  const fault = faultOf(question, answers, answer);
  if (fault === null) return answer;
  throw new CounterfoilError('usage', `--${question.name} ${answer}: ${fault}`, `Write ${option}.`);
}

async function ask(question: Question, answers: Answers, person: AnsweringPerson): Promise<string> {
  const usual = question.fallback(answers);
  const choices = question.choices === undefined ? '' : ` (${question.choices.join(' or ')})`;
  const inBrackets = usual === null ? '' : ` [${usual === '' ? 'none' : usual}]`;
  for (;;) {
    const said = await person.line(`${question.text}${choices}${inBrackets}: `);
    if (said === null) {
      throw new CounterfoilError('usage', 'setup was ended; nothing is written', 'Run it again when it suits.');
    }
    const answer = said.trim() === '' ? usual : said.trim();
    if (answer === null) {
      person.tell('  This one has no default.\n');
      continue;
    }
    const fault = faultOf(question, answers, answer);
    if (fault === null) return answer;
    person.tell(`  ${fault}\n`);
  }
}

/** What is wrong with an answer, as the configuration says it; null when nothing is. */
function faultOf(question: Question, answers: Answers, answer: string): string | null {
  const { choices } = question;
  if (choices !== undefined) return choices.includes(answer) ? null : `Write ${choices.join(' or ')}.`;
  if (answer === '') return null;
  const settings = settingsOf({ ...answers, [question.name]: answer });
  try {
    loadConfigFully({ env: {}, overrides: settings });
    return null;
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    // Other settings may still be missing; they are asked for later.
    const mine = Object.keys(question.settings(answer)).map((key) => `command line: ${key}`);
    const lines = error.message.split('\n').filter((line) => mine.some((start) => line.startsWith(start)));
    return lines.length === 0 ? null : lines.map((line) => line.replace('command line: ', '')).join('\n  ');
  }
}
