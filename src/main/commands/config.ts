/** `counterfoil config`: check a configuration file, show what is in force, print its schema. */
import { Command } from 'commander';
import { Document, isScalar, visit } from 'yaml';
import { configJsonSchema } from '../../base/config/json-schema.ts';
import { findConfigFile, type LoadedConfig, loadConfigFully } from '../../base/config/load.ts';
import type { KeyPath } from '../../base/config/rules.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { type CommandIo, processIo } from './io.ts';

interface JsonOption {
  readonly json?: boolean;
}

const DEFAULT_FILE = '$COUNTERFOIL_CONFIG, ./counterfoil.yaml or /etc/counterfoil/counterfoil.yaml';

/** The `config` command with its three sub-commands. Throws `CounterfoilError` for what an operator has to mend. */
export function configCommand(io: CommandIo = processIo): Command {
  const command = new Command('config').description('check, show and describe the configuration');
  command
    .command('validate')
    .description('check a configuration file; says everything that is wrong, one line each')
    .argument('[file]', `configuration file (default: ${DEFAULT_FILE})`)
    .option('--json', 'print the result as JSON')
    .action((file: string | undefined, options: JsonOption) => validate(io, file, options.json === true));
  command
    .command('show')
    .description('print what is in force: defaults, file and environment together, and where each value comes from')
    .argument('[file]', `configuration file (default: ${DEFAULT_FILE})`)
    .option('--json', 'print it as JSON')
    .action((file: string | undefined, options: JsonOption) => show(io, file, options.json === true));
  command
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .option('--json', 'the schema is JSON with or without this')
    .action(() => io.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`));
  return command;
}

function load(io: CommandIo, file: string | undefined): { readonly name: string; readonly loaded: LoadedConfig } {
  const path = file ?? findConfigFile(io.env);
  return { name: path ?? 'defaults and environment', loaded: loadConfigFully({ file: path, env: io.env }) };
}

function validate(io: CommandIo, file: string | undefined, asJson: boolean): void {
  try {
    const { name, loaded } = load(io, file);
    const warnings = loaded.warnings;
    if (asJson) return io.write(`${JSON.stringify({ valid: true, file: name, errors: [], warnings })}\n`);
    io.write(`${name}: valid\n`);
    for (const { key, message } of warnings) io.write(`warning: ${key}: ${message}\n`);
  } catch (error) {
    if (!asJson || !(error instanceof CounterfoilError)) throw error;
    io.write(`${JSON.stringify({ valid: false, errors: error.message.split('\n'), hint: error.hint, warnings: [] })}\n`);
    io.exitWith(error.exitCode);
  }
}

function show(io: CommandIo, file: string | undefined, asJson: boolean): void {
  const { loaded } = load(io, file);
  io.write(asJson ? `${JSON.stringify(loaded.tree, null, 2)}\n` : annotated(loaded));
}

/** The tree as YAML; a value that is no default carries a comment that says where it comes from. */
function annotated({ tree, originOf }: LoadedConfig): string {
  const document = new Document(tree, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || !isScalar(node)) return;
      const origin = originOf(pathOf(document, node, ancestors.length));
      if (origin !== 'default') node.comment = ` ${origin}`;
    },
  });
  return document.toString({ lineWidth: 0 });
}
