/** `counterfoil completion`: a script that completes commands and options, for bash, zsh or fish. */
import { Argument, Command } from 'commander';
import { factsOf } from '../command-tree.ts';
import { completionScript, SHELLS, type Shell } from '../completion.ts';
import { type CommandIo, processIo } from './io.ts';

/** `program` gives the whole command line. */
export function completionCommand(program: () => Promise<Command>, io: CommandIo = processIo): Command {
  return new Command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', WHERE)
    .action(async (shell: Shell) => io.write(completionScript(shell, factsOf(await program()))));
}

const WHERE = `
bash: counterfoil completion bash > /etc/bash_completion.d/counterfoil
zsh:  counterfoil completion zsh > /usr/local/share/zsh/site-functions/_counterfoil
fish: counterfoil completion fish > /etc/fish/completions/counterfoil.fish`;
