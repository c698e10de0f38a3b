/** The manual page of the command line in mdoc(7), written from the tree of commands. Pure. */
import { type CommandFacts, flatten } from './command-tree.ts';

/** Moved up with each release, as mdoc wants a date. */
export const MANUAL_DATE = 'November 1, 2026';

/** `date` is that of the release, as mdoc wants it: `November 1, 2026`. */
export function manualPage(tree: CommandFacts, date: string): string {
  const commands = flatten(tree).filter(({ path }) => path.length > 0);
  const lines = [
    '.\\" Written by src/main/write-manual.ts from the command line itself.',
    `.Dd ${date}`,
    '.Dt COUNTERFOIL 1',
    '.Os',
    '.Sh NAME',
    '.Nm counterfoil',
    `.Nd ${text(tree.description)}`,
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    'A gateway in a pharmacy that takes every record from the tills, keeps it durably and brings it to the pharmacy management',
    'system.',
    '.Sh COMMANDS',
    '.Bl -tag -width Ds',
    ...commands.flatMap(command),
    '.El',
    '.Sh ENVIRONMENT',
    '.Bl -tag -width Ds',
    '.It Ev COUNTERFOIL_CONFIG',
    'The configuration file, where none is named.',
    '.El',
    'Every key of the configuration can be set by a variable:',
    '.Ev COUNTERFOIL_HTTP_URL',
    'stands for http.url.',
    '.Sh FILES',
    '.Bl -tag -width Ds',
    '.It Pa /etc/counterfoil/counterfoil.yaml',
    'The configuration of the installed package.',
    '.El',
    '.Sh EXIT STATUS',
    '.Bl -tag -width Ds -compact',
    ...[
      ['0', 'all is well'],
      ['1', 'it is not, and the message says why'],
      ['2', 'wrong options'],
      ['69', 'the pharmacy management system is unavailable'],
      ['74', 'input or output failed'],
      ['78', 'the configuration or the box is not fit'],
    ].flatMap(([code, meaning]) => [`.It ${code}`, meaning ?? '']),
    '.El',
    '.Pp',
    'The command',
    '.Cm check',
    'ends as a monitoring plug-in: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
    '.Sh SEE ALSO',
    '.Xr journalctl 1 ,',
    '.Xr systemctl 1',
  ];
  return `${lines.join('\n')}\n`;
}

function command(facts: CommandFacts): string[] {
  const named = facts.arguments.map(({ name }) => `Ar ${text(name)}`);
  const head = [`.It Cm ${facts.path.join(' ')}`, ...named].join(' ');
  return [
    head,
    ...sentence(facts.description),
    ...(facts.options.length === 0
      ? []
      : [
          '.Bl -tag -width Ds -compact',
          ...facts.options.flatMap(({ description, flags }) => [`.It ${flagWords(flags)}`, ...sentence(description)]),
          '.El',
        ]),
  ];
}

/** `--config <file>` as mdoc says it: `Fl -config Ar file`. */
function flagWords(flags: string): string {
  return flags
    .split(/[ ,]+/)
    .map((word) =>
      word.startsWith('-') ? `Fl ${word.slice(1).replaceAll('-', '\\-')}` : `Ar ${text(word.replace(/[<>[\]]/g, ''))}`,
    )
    .join(' ');
}

/** A line of text may not begin with a macro's dot, and a backslash is an escape. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replace(/^([.'])/, '\\&$1')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}

function sentence(words: string): string[] {
  // mdoc wants each sentence on a line of its own.
  const plain = text(words);
  return plain === '' ? ['\\&'] : plain.split(/(?<=[.;?!]) (?=\S)/).map((line) => text(line));
}
