/** `counterfoil report verify FILE`: what a report proves, in plain words; on the box, or anywhere with what is at hand. */
import type { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { type Config, findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { readWitness } from '../../inspect/statements.ts';
import { verifyTrail } from '../../inspect/verify.ts';
import { peoplePath, readPeople } from '../../people/store.ts';
import { type Roster, readRoster } from '../../record/roster.ts';
import { LISTS_FILE } from '../../reports/figures/listing.ts';
import { recount } from '../../reports/figures/recount.ts';
import { renderReport } from '../../reports/render/render.ts';
import { CERTIFICATES_FILE } from '../../reports/sign/identity.ts';
import { attachmentOf } from '../../reports/sign/pdf.ts';
import { readCertificates } from '../../reports/sign/report-key.ts';
import { FIGURES_FILE, readSignatures, SIGNATURE_SUFFIX, SIGNATURES_FILE } from '../../reports/sign/sign-report.ts';
import { type Finding, type ReportInHand, verifyReport } from '../../reports/sign/verify-report.ts';
import { rosterWithUsers } from '../named-roster.ts';
import { ownKeyFolder } from '../reports/signer.ts';
import type { CommandIo } from './io.ts';

interface VerifyFlags {
  readonly config?: string;
  readonly ca?: string;
  readonly trail?: string | false;
  readonly roster?: string;
  readonly json?: boolean;
}

export function reportVerify(io: CommandIo): Command {
  return new Command('verify')
    .description('what a report proves: its signature, its figures counted again from the trail, who signed it')
    .argument('<file>', 'a PDF, HTML or figures.json of a report, or its folder')
    .option('--config <file>', "the gateway's configuration file; authority, trail and roster are taken from there")
    .option('--ca <file>', 'root certificate (PEM) of the gateway whose report it is')
    .option('--trail <directory>', 'the trail, or a copy of it')
    .option('--no-trail', 'do not count again from the trail')
    .option('--roster <file>', 'roster with the keys of people who sign')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', '\nExit code: 0 nothing speaks against it and its key is trusted, 1 otherwise.')
    .action(async (file: string, flags: VerifyFlags) => {
      const findings = await verify(file, flags, io.env);
      io.write(flags.json === true ? `${JSON.stringify({ findings })}\n` : findings.map(lineOf).join(''));
      if (!isGood(findings)) io.exitWith(EXIT.failure);
    });
}

async function verify(file: string, flags: VerifyFlags, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const configFile = flags.config ?? findConfigFile(env);
  const config = configFile === undefined ? null : loadConfig({ file: configFile, env });
  const trailDir = flags.trail === false ? null : (flags.trail ?? config?.trailDir ?? null);
  return await verifyReport(await inHand(file), {
    roots: rootsOf(flags.ca, config),
    roster: rosterOf(flags.roster, config),
    trailDir: trailDir !== null && existsSync(trailDir) ? trailDir : null,
    render: renderReport,
    recount,
    trailFault,
  });
}

async function inHand(path: string): Promise<ReportInHand> {
  const file = isFolder(path) ? join(path, 'report.pdf') : path;
  const bytes = readOrThrow(file);
  const lists = readOrNull(beside(file, LISTS_FILE));
  if (file.endsWith('.pdf')) {
    const signatures = readSignatures(await attachmentOf(bytes, SIGNATURES_FILE));
    const figures = await attachmentOf(bytes, FIGURES_FILE);
    return { form: 'pdf', bytes, signature: null, figures, signatures, lists };
  }
  const signature = readOrNull(`${file}${SIGNATURE_SUFFIX}`);
  const signatures = readSignatures(readOrNull(beside(file, SIGNATURES_FILE)));
  if (file.endsWith('.html')) {
    return { form: 'html', bytes, signature, figures: readOrNull(beside(file, FIGURES_FILE)), signatures, lists };
  }
  if (file.endsWith(FIGURES_FILE)) return { form: 'figures', bytes, signature, figures: bytes, signatures, lists };
  throw new CounterfoilError('usage', `${file} is no report`, 'Name its PDF, its HTML page or its figures.json.');
}

/** `x.html` was delivered beside `x.figures.json`; in the box's folder they have no name before them. */
function beside(file: string, name: string): string {
  const stem = basename(file).replace(/\.?(html|pdf|figures\.json)$/, '');
  const named = join(dirname(file), `${stem}.${name}`);
  return existsSync(named) ? named : join(dirname(file), name);
}

function rootsOf(ca: string | undefined, config: Config | null): X509Certificate[] {
  const named = config?.reports.signing.certificatesFile ?? null;
  const own = config === null ? null : join(ownKeyFolder(config), CERTIFICATES_FILE);
  const file = ca ?? named ?? own;
  if (file === null || (ca === undefined && !existsSync(file))) return [];
  return readCertificates(readOrThrow(file).toString('utf8')).filter((certificate) => certificate.ca);
}

function rosterOf(file: string | undefined, config: Config | null): Roster | null {
  const path = file ?? config?.scheduleTwo.rosterFile ?? null;
  const roster = path === null ? null : readRoster(readOrThrow(path).toString('utf8'), path);
  if (config === null || !existsSync(peoplePath(config.dataDir))) return roster;
  return rosterWithUsers(roster, readPeople(peoplePath(config.dataDir)).users);
}

function trailFault(directory: string, checkpoints: readonly string[]): string | null {
  const witnesses = checkpoints.map((note, index) => readWitness(`checkpoint ${index + 1} of the report`, note));
  try {
    const verdict = verifyTrail({ directory, log: null, key: null, witnesses, withoutArchive: true });
    const [first] = Object.values(verdict.logs).flatMap(({ faults }) => faults.map(({ message }) => message));
    if (first !== undefined) return first;
    const bad = verdict.witnesses.find((witness) => witness.verdict !== 'proven');
    return bad === undefined ? null : `${bad.file}: ${bad.findings[0]?.message ?? bad.verdict}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Nothing speaks against it, and the key is one the reader trusts. */
function isGood(findings: readonly Finding[]): boolean {
  return (
    findings.every(({ holds }) => holds !== false) &&
    !findings.some(({ holds, what }) => holds === null && what.includes('--ca'))
  );
}

const WORD = new Map<boolean | null, string>([
  [true, 'holds   '],
  [false, 'DOES NOT'],
  [null, 'unknown '],
]);

const lineOf = ({ holds, what }: Finding): string => `${WORD.get(holds) ?? ''}  ${what}\n`;

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readOrNull(path: string): Buffer | null {
  return existsSync(path) ? readOrThrow(path) : null;
}

function readOrThrow(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const hint = 'Check the path and that this user may read it.';
    throw new CounterfoilError('usage', `${path} cannot be read: ${messageOf(error)}`, hint, error);
  }
}
