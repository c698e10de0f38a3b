/** Completion for shells, written from the tree of commands. Pure. */
import { type CommandFacts, flatten } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script to be put where the shell looks for completions. */
export function completionScript(shell: Shell, tree: CommandFacts): string {
  switch (shell) {
    case 'bash':
      return bash(tree);
    case 'zsh':
      return `#compdef counterfoil\nautoload -U +X bashcompinit && bashcompinit\n${bash(tree)}`;
    case 'fish':
      return fish(tree);
  }
}

const wordsOf = ({ options, subcommands }: CommandFacts) => [
  ...subcommands.map(({ path }) => path.at(-1) ?? ''),
  ...options.map(({ long }) => long),
  '--help',
];

/** The words typed so far, options and their values left out, name the command. */
function bash(tree: CommandFacts): string {
  const commands = flatten(tree);
  const cases = commands.map(
    (command) => `    ${JSON.stringify(command.path.join(' '))}) words="${wordsOf(command).join(' ')}" ;;`,
  );
  const known = commands.filter(({ path }) => path.length > 0).map(({ path }) => JSON.stringify(path.join(' ')));
  return `# Completion of counterfoil for bash; made by "counterfoil completion bash".
_counterfoil() {
  local word path="" next words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    next="\${path:+$path }$word"
    case "$next" in
    ${known.join(' | ')}) path=$next ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  if [[ \${COMP_WORDS[COMP_CWORD - 1]} == --*-file || \${COMP_WORDS[COMP_CWORD - 1]} == --config ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
  fi
}
complete -o default -F _counterfoil counterfoil
`;
}

function fish(tree: CommandFacts): string {
  const lines = flatten(tree).flatMap((command) => {
    const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = command.subcommands.map(({ path }) => path.at(-1) ?? '');
    const open = [...seen, ...(names.length > 0 ? [`not __fish_seen_subcommand_from ${names.join(' ')}`] : [])];
    const when = quoted(open.join('; and '));
    return [
      ...command.subcommands.map(
        ({ description, path }) =>
          `complete -c counterfoil -f -n ${when} -a ${path.at(-1) ?? ''} -d ${quoted(description)}`,
      ),
      ...command.options.map(
        ({ description, long, takesValue }) =>
          `complete -c counterfoil -n ${when} -l ${long.replace(/^-+/, '')}${takesValue ? ' -r' : ''} -d ${quoted(description)}`,
      ),
    ];
  });
  return `# Completion of counterfoil for fish; made by "counterfoil completion fish".\n${lines.join('\n')}\n`;
}

const quoted = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
