/** `counterfoil config`: check a configuration file, show what is in force, print its schema. */
import { Command } from 'commander';
import { Document, isScalar } from 'yaml';
import { configJsonSchema } from '../../base/config/json-schema.ts';
import { findConfigFile, type LoadedConfig, loadConfigFully } from '../../base/config/load.ts';
import type { KeyPath } from '../../base/config/rules.ts';
import { CounterfoilError, EXIT } from '../../base/errors.ts';
import { screen } from '../doctor/screen.ts';
import { type CommandIo, processIo } from './io.ts';
import { progressBar } from './progress.ts';

interface JsonOption {
  readonly json?: boolean;
}

interface ValidateFlags extends JsonOption {
  readonly live?: boolean;
}

const DEFAULT_FILE = '$COUNTERFOIL_CONFIG, ./counterfoil.yaml or /etc/counterfoil/counterfoil.yaml';

/** The `config` command with its three sub-commands. Throws `CounterfoilError` for what an operator has to mend. */
export function configCommand(io: CommandIo = processIo): Command {
  const command = new Command('config').description('check, show and describe the configuration');
  command
    .command('validate')
    .description('check a configuration file; says everything that is wrong, one line each')
    .argument('[file]', `configuration file (default: ${DEFAULT_FILE})`)
    .option(
      '--live',
      'also try what it names: disk, files and certificates, ports, clock, PMS, broker, mail and SFTP servers; as "doctor" does',
    )
    .option('--json', 'print the result as JSON')
    .action(async (file: string | undefined, options: ValidateFlags) => {
      const loaded = validate(io, file, options);
      if (options.live === true && loaded !== null) await tryLive(io, loaded, options.json === true);
    });
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

/** Null when it cannot be used and that was said. */
function validate(io: CommandIo, file: string | undefined, { json, live }: ValidateFlags): LoadedConfig | null {
  const asJson = json === true;
  try {
    const { name, loaded } = load(io, file);
    // One JSON document: with --live it comes when everything is tried.
    if (asJson && live === true) return loaded;
    const { warnings } = loaded;
    const lines = [`${name}: valid`, ...warnings.map(({ key, message }) => `warning: ${key}: ${message}`)];
    io.write(`${asJson ? JSON.stringify({ valid: true, file: name, errors: [], warnings }) : lines.join('\n')}\n`);
    return loaded;
  } catch (error) {
    if (!asJson || !(error instanceof CounterfoilError)) throw error;
    io.write(
      `${JSON.stringify({ valid: false, errors: error.message.split('\n'), hint: error.hint, warnings: [] })}\n`,
    );
    io.exitWith(error.exitCode);
    return null;
  }
}

/** Ends with 1 when something the configuration names does not work. */
async function tryLive(io: CommandIo, loaded: LoadedConfig, asJson: boolean): Promise<void> {
  const { examine, LIVE_AREAS } = await import('../doctor/examine.ts');
  const bar = progressBar('trying');
  const of = { areas: LIVE_AREAS, management: null, env: io.env, onProgress: bar.show };
  const findings = await examine(loaded, of).finally(() => bar.end());
  const { warnings } = loaded;
  const answer = { valid: true, errors: [], warnings, findings };
  io.write(asJson ? `${JSON.stringify(answer)}\n` : `\n${screen(findings)}`);
  if (findings.some(({ status }) => status === 'fail')) io.exitWith(EXIT.failure);
}

function show(io: CommandIo, file: string | undefined, asJson: boolean): void {
  const { loaded } = load(io, file);
  io.write(asJson ? `${JSON.stringify(loaded.tree, null, 2)}\n` : annotated(loaded));
}

/** The tree as YAML; a value that is no default carries a comment that says where it comes from. */
function annotated({ tree, originOf }: LoadedConfig): string {
  const document = new Document(tree, { aliasDuplicateObjects: false });
  for (const path of scalarPaths(tree)) {
    const node = document.getIn(path, true);
    const origin = originOf(path);
    if (isScalar(node) && origin !== 'default') node.comment = ` ${origin}`;
  }
  return document.toString({ lineWidth: 0 });
}

function scalarPaths(value: unknown, path: KeyPath = []): KeyPath[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => scalarPaths(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => scalarPaths(inner, [...path, key]));
}
