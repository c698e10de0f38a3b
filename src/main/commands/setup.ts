/** `counterfoil setup`: writes a commented configuration, by questions at a terminal or by options. */
import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import type { Config } from '../../base/config/load.ts';
import { interview, settingsOf } from '../setup/interview.ts';
import { type Answers, QUESTIONS } from '../setup/questions.ts';
import { requireFree, type Secret, type Written, writeSetup } from '../setup/write.ts';
import { type CommandIo, processIo } from './io.ts';
import { type AnsweringPerson, terminalPerson } from './person.ts';

interface SetupFlags {
  readonly out: string;
  readonly force?: true;
  readonly yes?: true;
  readonly monitorToken?: true;
  readonly json?: true;
}

const HELP = `
At a terminal it asks for what no option says; Enter takes what stands in brackets. Without one, or with --yes, it takes
options and defaults. The token of the PMS is asked for and not shown, and kept in secrets/ beside the file (mode 0600). What
it writes has passed "config validate"; an existing file is never touched without --force.`;

const PMS_TOKEN = 'pms-token';
const MONITOR_TOKEN = 'monitor-token';

export function setupCommand(io: CommandIo = processIo, person: AnsweringPerson = terminalPerson): Command {
  const command = new Command('setup')
    .description('write a configuration, by questions or options')
    .option('--out <file>', 'file to write', './counterfoil.yaml')
    .option('--force', 'overwrite what is there')
    .option('--yes', 'ask nothing: options and defaults are enough')
    .option('--monitor-token', 'make a token of monitoring')
    .option('--json', 'print what was written as JSON')
    .addHelpText('after', HELP);
  for (const { argument, choices, name, text } of QUESTIONS) {
    const option = new Option(`--${name} <${argument}>`, text);
    command.addOption(choices === undefined ? option : option.choices([...choices]));
  }
  return command.action(async (flags: SetupFlags & Record<string, unknown>) => await setUp(flags, io, person));
}

async function setUp(flags: SetupFlags & Record<string, unknown>, io: CommandIo, person: AnsweringPerson) {
  const asked = person.isThere && flags.yes !== true ? person : null;
  // Before the questions: nobody answers twenty of them for nothing.
  requireFree(flags.out, flags.monitorToken === true ? [MONITOR_TOKEN] : [], flags.force === true);
  const answers = await interview(givenBy(flags), asked);
  const settings = settingsOf(answers);
  const secrets = await secretsOf(answers, flags, asked);
  requireFree(
    flags.out,
    secrets.map(({ name }) => name),
    flags.force === true,
  );
  const written = writeSetup(flags.out, settings, secrets);
  const next = nextSteps(written);
  const { file, loaded, secretFiles } = written;
  if (flags.json === true) {
    io.write(`${JSON.stringify({ file, secret_files: secretFiles, warnings: loaded.warnings, next })}\n`);
    return;
  }
  const warnings = loaded.warnings.map(({ key, message }) => `warning: ${key}: ${message}\n`);
  const files = [file, ...secretFiles].map((path) => `${path} is written\n`);
  io.write([...files, ...warnings, '\nNext:\n', ...next.map((step) => `  ${step}\n`)].join(''));
}

function givenBy(flags: Record<string, unknown>): Answers {
  const attribute = (name: string) => name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return Object.fromEntries(
    QUESTIONS.flatMap(({ name }) => {
      const value = flags[attribute(name)];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

async function secretsOf(answers: Answers, flags: SetupFlags, asked: AnsweringPerson | null): Promise<Secret[]> {
  const secrets: Secret[] = [];
  if (asked !== null && answers['pms-token-file'] === '') {
    const text = (await asked.secret('Token of the PMS, not shown [none]: ')).trim();
    if (text !== '') secrets.push({ setting: 'pms.token_file', name: PMS_TOKEN, text });
  }
  const wantsMonitoring =
    flags.monitorToken === true ||
    (asked !== null && (await asked.confirm('Make a token for monitoring (health and metrics ask for it) [y/N]? ')));
  if (wantsMonitoring) {
    const text = randomBytes(32).toString('base64url');
    secrets.push({ setting: 'http.monitor_token_file', name: MONITOR_TOKEN, text });
  }
  return secrets;
}

function nextSteps({ file, loaded }: Written): string[] {
  const { config } = loaded;
  return [
    `counterfoil config validate --live ${file}`,
    ...peopleSteps(config, file),
    `counterfoil run --config ${file}`,
    ...(config.mqtt.listen.some(({ url }) => url.startsWith('mqtts:'))
      ? [`counterfoil lane enroll lane-1 --config ${file}    # a code for each till`]
      : []),
  ];
}

/** Roles are people's, and people have passwords: they are made one by one, not written into a file. */
function peopleSteps({ production }: Config, file: string): string[] {
  if (!production) return [`counterfoil user add NAME --printed-name "…" --role it --config ${file}    # optional`];
  return ['it', 'compliance'].map(
    (role) => `counterfoil user add NAME --printed-name "…" --role ${role} --config ${file}`,
  );
}
