/** `counterfoil lane enroll`, `list`, `revoke`, `admit`: on the box, over the gateway's control socket. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import encodeQR from 'qr';
import type { z } from 'zod';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { inviteResult, laneDone, laneListResult, passwordResult } from '../../enrolment/operations.ts';
import { isTopicName } from '../../record/lane-wire.ts';
import { callerName } from './caller.ts';
import { type DataDirFlags, dataDirOf } from './data-dir.ts';
import type { CommandIo } from './io.ts';

interface EnrollFlags extends DataDirFlags {
  readonly csv?: string;
  readonly password?: true;
  readonly qr?: boolean;
  readonly json?: true;
}
type ListFlags = DataDirFlags & { readonly json?: true };

/** The sub-commands; failures are thrown as `CounterfoilError`. */
export function enrolCommands(io: CommandIo): Command[] {
  const caller = callerName(io.env);
  const enroll = onGateway(new Command('enroll'))
    .description('let a till in: a one-time code for it, or a password')
    .argument('[name]', 'the lane')
    .option('--csv <file>', 'one lane a line, the name in its first column; prints CSV with a code for each')
    .option('--password', 'a password instead, for a till that cannot use certificates')
    .option('--no-qr', 'without the QR code')
    .option('--json', 'print the result as JSON, one a line')
    .addHelpText('after', ENROLL_HELP)
    .action(async (name: string | undefined, flags: EnrollFlags) => await enrol(name, flags, caller, io));
  const list = onGateway(new Command('list'))
    .description('list the lanes: how each is known, until when, and how many connections it has')
    .option('--json', 'print the list as JSON')
    .action(async (flags: ListFlags) => await listLanes(flags, io));
  const revoke = onGateway(new Command('revoke'))
    .description('end everything a lane has: certificates, code, password and open connections, at once')
    .argument('<name>', 'the lane')
    .option('--undo', 'let the name in again; for certificates of a chain’s own authority')
    .action(async (name: string, flags: DataDirFlags & { undo?: true }) => {
      const op = flags.undo === true ? 'lane.admit' : 'lane.revoke';
      await callGateway(dataDirOf(flags, io.env), op, { lane: laneName(name), caller }, laneDone);
      io.write(
        flags.undo === true ? `${name} may connect again\n` : `${name} is revoked; what it had open has ended\n`,
      );
    });
  return [enroll, list, revoke];
}

const ENROLL_HELP = `
The code is good once, for lanes.code_hours. It holds the fingerprint of this gateway's authority, so the till knows whom it
speaks with. On the till: counterfoil lane join --url URL --code CODE --identity FOLDER. A code for a lane that has one makes
the old code void; certificates it has stay good.`;

function onGateway(command: Command): Command {
  return command
    .option('--config <file>', 'the gateway’s configuration file; its data directory is taken from there')
    .option('--data-dir <directory>', 'its data directory');
}

type Invited = z.infer<typeof inviteResult>;

async function enrol(
  name: string | undefined,
  flags: EnrollFlags,
  caller: string | null,
  io: CommandIo,
): Promise<void> {
  const names = namesOf(name, flags.csv);
  const dataDir = dataDirOf(flags, io.env);
  if (flags.password === true) {
    for (const lane of names) {
      const answer = await callGateway(dataDir, 'lane.password', { lane, caller }, passwordResult);
      if (flags.json === true) io.write(`${JSON.stringify(answer)}\n`);
      else io.write(flags.csv === undefined ? passwordText(answer) : `${lane},${answer.password}\n`);
    }
    return;
  }
  if (flags.csv !== undefined && flags.json !== true) io.write('lane,code,url,until_utc\n');
  for (const lane of names) {
    const answer = await callGateway(dataDir, 'lane.enroll', { lane, caller }, inviteResult);
    if (flags.json === true) io.write(`${JSON.stringify(answer)}\n`);
    else if (flags.csv !== undefined) io.write(`${lane},${answer.code},${answer.urls[0] ?? ''},${answer.until_utc}\n`);
    else io.write(inviteText(answer, flags.qr !== false));
  }
}

function namesOf(name: string | undefined, csv: string | undefined): string[] {
  if ((name === undefined) === (csv === undefined)) {
    throw new CounterfoilError('usage', 'which lane?', 'Name one, or a file of them with --csv.');
  }
  if (csv === undefined) return [laneName(name ?? '')];
  const lines = readCsv(csv).split(/\r?\n/);
  const names = lines.map((line) => (line.split(',', 1)[0] ?? '').trim().replace(/^"(.*)"$/, '$1')).filter(Boolean);
  // The first line may name its columns.
  return (/^(lane|name)$/i.test(names[0] ?? '') ? names.slice(1) : names).map(laneName);
}

function readCsv(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CounterfoilError('usage', `${file} cannot be read: ${messageOf(error)}`, 'Check the path.', error);
  }
}

function laneName(text: string): string {
  if (isTopicName(text)) return text;
  throw new CounterfoilError('usage', `"${text.slice(0, 80)}" is no name of a lane`, 'Use 1 to 64 of A-Z a-z 0-9 _ -.');
}

/** What the till's QR reader gets; a person types url and code instead. */
function invitationUri({ code, urls }: Pick<Invited, 'code' | 'urls'>): string {
  const query = new URLSearchParams({ url: urls[0] ?? '', code });
  return `counterfoil-enroll:?${query}`;
}

function inviteText(invited: Invited, withQr: boolean): string {
  const { lane, code, urls, until_utc: until, authority_sha256: sha256 } = invited;
  const [url = 'https://GATEWAY:8884', ...more] = urls;
  const qr = withQr ? `\n${encodeQR(invitationUri(invited), 'ascii', { ecc: 'low' })}\n` : '';
  const others = more.length === 0 ? '' : `  or at      ${more.join(' ')}\n`;
  return (
    `lane ${lane}: this code is good once, until ${until}\n\n  code       ${code}\n  url        ${url}\n${others}` +
    `  authority  ${sha256.match(/.{1,4}/g)?.join(' ') ?? sha256}\n${qr}\n` +
    `On the till:\n  counterfoil lane join --url ${url} --code ${code} --identity FOLDER\n`
  );
}

function passwordText({ lane, password }: z.infer<typeof passwordResult>): string {
  return `lane ${lane}: user name ${lane}, password ${password}\nIt is shown this once. What the lane had open has ended.\n`;
}

async function listLanes(flags: ListFlags, io: CommandIo): Promise<void> {
  const answer = await callGateway(dataDirOf(flags, io.env), 'lane.list', {}, laneListResult);
  if (flags.json === true) {
    io.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  if (answer.trouble !== null) io.write(`the file of lanes cannot be used: ${answer.trouble}\n`);
  if (answer.lanes.length === 0) io.write('no lane is enrolled\n');
  const rows = answer.lanes.map((each) => [
    each.lane,
    each.grace ? `${each.state} (grace)` : each.state,
    each.certificate_until_utc?.slice(0, 10) ?? '-',
    each.code_until_utc === null ? '-' : `code until ${each.code_until_utc.slice(0, 16)}Z`,
    `${each.connections} connected`,
  ]);
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of rows)
    io.write(
      `${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
