/**
 * What a report proves, for somebody who was not there: each finding is a sentence and whether it holds. Nothing is believed
 * because the report says so: signatures are checked by the reader's own authority, figures are counted again from the trail,
 * pages are made again from the figures.
 */
import { hash, type X509Certificate } from 'node:crypto';
import { toUtcText } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { canonicalBytes } from '../../record/canonical.ts';
import { readInstant } from '../../record/instant.ts';
import { fromCompact, readJws, verifyDetached } from '../../record/jws.ts';
import { reportStatementText } from '../../record/report-statement.ts';
import type { Roster } from '../../record/roster.ts';
import type { HumanSignature, RecountFigures, RenderedReport, RenderReport } from '../api.ts';
import { readFigures } from '../figures/figures.ts';
import { LISTS_FILE, longListsIn } from '../figures/listing.ts';
import { type SignatureFinding, verifyCms } from './cms-verify.ts';
import { verifyPdf } from './pdf-verify.ts';

export interface Finding {
  /** Null: not known, with what is at hand. */
  readonly holds: boolean | null;
  readonly what: string;
}

/** A report as it came: one form of it that people read, or its figures. */
export interface ReportInHand {
  readonly form: 'pdf' | 'html' | 'figures';
  readonly bytes: Buffer;
  /** Detached, for html and figures; null when it is missing. */
  readonly signature: Buffer | null;
  /** Null when they did not come with it. */
  readonly figures: Buffer | null;
  readonly signatures: readonly HumanSignature[];
  /** The rows of its long lists; null when they did not come with it, or there are none. */
  readonly lists: Buffer | null;
}

export interface VerifyParts {
  /** Authorities the reader trusts. */
  readonly roots: readonly X509Certificate[];
  readonly roster: Roster | null;
  /** Null: the trail is not at hand. */
  readonly trailDir: string | null;
  readonly render: RenderReport;
  readonly recount: RecountFigures;
  /** Whether the trail holds and continues the checkpoints; a sentence with what is wrong, null when all is well. */
  readonly trailFault: (trailDir: string, checkpoints: readonly string[]) => string | null;
}

/** Never throws for what a report says. */
export async function verifyReport(report: ReportInHand, parts: VerifyParts): Promise<Finding[]> {
  const findings = signatureFindings(report, parts);
  const { figures } = report;
  if (figures === null) {
    return [...findings, unknown('Its figures did not come with it, so nothing in it was counted again.')];
  }
  const rendered = await madeAgain(figures, report.signatures, parts);
  if (rendered === null) return [...findings, no('What came as its figures are none.')];
  return [
    ...findings,
    ...pageFindings(report, rendered),
    ...listFindings(figures, report.lists),
    ...report.signatures.map((signature) => personFinding(signature, rendered, parts)),
    ...(await trailFindings(figures, parts)),
  ];
}

function signatureFindings(report: ReportInHand, { roots }: VerifyParts): Finding[] {
  if (report.form === 'pdf') {
    const { signatures, fault } = verifyPdf(report.bytes, roots);
    const of = signatures.flatMap((signature) => sealFindings(signature, roots));
    return fault === null
      ? [...of, yes('Every byte of the file is covered by its last signature.')]
      : [...of, no(`The signature does not cover the file: ${fault}.`)];
  }
  if (report.signature === null) return [no('Its signature (the file beside it that ends in .p7s) is missing.')];
  return sealFindings(verifyCms(report.bytes, report.signature, roots), roots);
}

function sealFindings(
  { fault, distrust, signer, signedAtMs }: SignatureFinding,
  roots: readonly X509Certificate[],
): Finding[] {
  if (fault !== null) return [no(`It was changed after it was signed, or was never signed like this: ${fault}.`)];
  const at = signedAtMs === null ? '' : ` as of ${toUtcText(signedAtMs)}`;
  const sealed = yes(`Nothing was changed since it was signed by the key of "${signer}"${at}.`);
  if (distrust === null)
    return [sealed, yes('That key belongs to a gateway you trust: its certificate comes from your authority.')];
  if (roots.length > 0) return [sealed, no(`That key is none you trust: ${distrust}.`)];
  return [sealed, unknown('Whose key that is, nothing at hand says. Give the gateway’s root certificate with --ca.')];
}

async function madeAgain(
  figures: Buffer,
  signatures: readonly HumanSignature[],
  { render }: VerifyParts,
): Promise<RenderedReport | null> {
  try {
    return await render(figures, signatures);
  } catch {
    return null;
  }
}

function pageFindings({ form, bytes }: ReportInHand, rendered: RenderedReport): Finding[] {
  if (form === 'figures') return [];
  const made = form === 'pdf' ? rendered.pdf : rendered.html;
  // A signature in a PDF is put behind what was there.
  const shown = form === 'pdf' ? bytes.subarray(0, made.length) : bytes;
  if (shown.equals(made)) return [yes(`The page shows exactly what its figures say (report ${rendered.id}).`)];
  return [
    unknown(
      'The page is not what this version of the program makes of its figures; use the version that made it to compare.',
    ),
  ];
}

/** Long lists: the figures have how many rows each has, and a hash over them. */
function listFindings(figures: Buffer, bytes: Buffer | null): Finding[] {
  const told = JSON.stringify(readFigures(figures).counted.lists ?? {});
  if (told === '{}') return [];
  if (bytes === null) return [unknown(`The rows of its long lists (${LISTS_FILE}) did not come with it.`)];
  const found = longListsIn(bytes);
  const isSame = found !== null && canonicalBytes(found).equals(canonicalBytes(JSON.parse(told)));
  return [isSame ? yes('Its long lists have the rows the figures name.') : no('Its long lists were changed.')];
}

/** 21 CFR 11.70: the signature is of this report, by this person. */
function personFinding(
  signature: HumanSignature,
  { id, store, figures }: RenderedReport,
  { roster }: VerifyParts,
): Finding {
  const { printedName, signedAtUtc, meaning, keyId } = signature;
  const who = `${printedName} signed it at ${signedAtUtc}, meaning "${meaning}"`;
  if (signature.figuresHash !== hash('sha256', figures, 'base64')) return no(`${who}: but that was another report.`);
  const found = roster?.find(keyId) ?? null;
  if (found === null) return unknown(`${who}: the roster at hand does not have the key ${keyId}.`);
  const compact = fromCompact(signature.signature);
  const jws = compact === null ? null : readJws(compact);
  const claim = {
    reportId: id,
    gatewayId: store.gatewayId,
    figuresHash: signature.figuresHash,
    printedName,
    signedAtUtc,
    meaning,
  };
  const holds = jws !== null && jws.kid === keyId && verifyDetached(jws, statementBytes(claim), found.key.publicKey);
  if (!holds) return no(`${who}: but the signature is not that of the key ${keyId}.`);
  if (found.person.printedName !== printedName) return no(`${who}: but the key ${keyId} is somebody else’s.`);
  const atMs = readInstant(signedAtUtc)?.utcMs ?? Number.NaN;
  const allowed = roster?.signer(keyId, null, [atMs]);
  return allowed?.ok === true ? yes(`${who}.`) : no(`${who}: but the key ${keyId} was not valid then.`);
}

function statementBytes(claim: Parameters<typeof reportStatementText>[0]): Buffer {
  try {
    return Buffer.from(reportStatementText(claim), 'utf8');
  } catch {
    return Buffer.alloc(0);
  }
}

async function trailFindings(figures: Buffer, { trailDir, recount, trailFault }: VerifyParts): Promise<Finding[]> {
  if (trailDir === null)
    return [unknown('The trail is not at hand, so the figures were not counted again. Give it with --trail.')];
  const fault = trailFault(trailDir, checkpointsIn(figures));
  const continued =
    fault === null
      ? yes('The trail is whole, and continues the checkpoints the report names.')
      : no(`The trail does not bear the report out: ${fault}.`);
  return [continued, await countFinding(figures, trailDir, recount)];
}

async function countFinding(figures: Buffer, trailDir: string, recount: RecountFigures): Promise<Finding> {
  try {
    const { differences } = await recount(figures, trailDir);
    if (differences.length === 0) return yes('Counted again from the trail, every figure is the same.');
    const shown = differences.slice(0, 5).join(', ');
    const more = differences.length > 5 ? ` and ${differences.length - 5} more` : '';
    return no(`Counted again from the trail, figures differ: ${shown}${more}.`);
  } catch (error) {
    return no(`The trail could not be counted: ${messageOf(error)}`);
  }
}

/** The signed notes anywhere in the figures: they say so themselves, by their form. */
function checkpointsIn(figures: Buffer): string[] {
  const found: string[] = [];
  JSON.parse(figures.toString('utf8'), (name, value: unknown) => {
    if (name === 'newest_checkpoint' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

const yes = (what: string): Finding => ({ holds: true, what });
const no = (what: string): Finding => ({ holds: false, what });
const unknown = (what: string): Finding => ({ holds: null, what });
