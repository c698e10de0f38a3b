/** The whole command line as a tree, read from commander: for completion and manual pages, so that neither can drift. */
import type { Command, Option } from 'commander';

export interface OptionFacts {
  readonly flags: string;
  /** `--config`, without its argument. */
  readonly long: string;
  readonly takesValue: boolean;
  readonly description: string;
}

export interface CommandFacts {
  /** Words after `counterfoil`; empty for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  /** As commander shows it: `[options] <file>`. */
  readonly usage: string;
  readonly options: readonly OptionFacts[];
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly subcommands: readonly CommandFacts[];
}

/** Hidden commands and options are left out; `--help` is everywhere and stays out too. */
export function factsOf(command: Command, path: readonly string[] = []): CommandFacts {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).flatMap((option) => (option.long === '--help' ? [] : [optionFacts(option)])),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      description: argument.description,
    })),
    subcommands: help
      .visibleCommands(command)
      .filter((sub) => sub.name() !== 'help')
      .map((sub) => factsOf(sub, [...path, sub.name()])),
  };
}

function optionFacts(option: Option): OptionFacts {
  return {
    flags: option.flags,
    long: option.long ?? option.short ?? option.flags,
    takesValue: option.required || option.optional,
    description: option.description,
  };
}

/** The command and all below it. */
export function flatten(facts: CommandFacts): CommandFacts[] {
  return [facts, ...facts.subcommands.flatMap(flatten)];
}
