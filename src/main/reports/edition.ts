/**
 * A report with people's signatures under it: made again from the same figures, signed by the box again, and kept beside the
 * first as a report of its own, `{id}-s1`, `-s2` …. What was there before stays as it was.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError } from '../../base/errors.ts';
import type { HumanSignature, StoredReport } from '../../reports/api.ts';
import { LISTS_FILE } from '../../reports/figures/listing.ts';
import { readReport, storeReport } from '../../reports/folder.ts';
import { renderReport } from '../../reports/render/render.ts';
import { FIGURES_FILE, type SignerOrNone, signIfPossible } from '../../reports/sign/sign-report.ts';

const EDITION = /-s\d+$/;

/** The newest edition of a report; `id` may be that of any edition. Throws `usage` when there is none. */
export function newestEdition(directory: string, id: string): StoredReport {
  const first = id.replace(EDITION, '');
  let newest = readReport(join(directory, first));
  for (let number = 1; newest !== null; number += 1) {
    const next = readReport(join(directory, `${first}-s${number}`));
    if (next === null) return newest;
    newest = next;
  }
  throw new CounterfoilError('usage', `there is no report "${id}"`, '"counterfoil report list" shows which there are.');
}

/** The next edition, with `signature` under it. Durable once it resolves. */
export async function makeEdition(
  directory: string,
  base: StoredReport,
  signature: HumanSignature,
  signer: SignerOrNone,
): Promise<StoredReport> {
  const { id, signatures, asOfUtc, trailHolds } = base.manifest;
  const figures = readFileSync(join(base.folder, FIGURES_FILE));
  const lists = join(base.folder, LISTS_FILE);
  const pages = await renderReport(figures, [...signatures, signature]);
  const rendered = { ...pages, lists: existsSync(lists) ? readFileSync(lists) : null };
  const number = signatures.length + 1;
  const report = await signIfPossible(rendered, signer, Date.parse(asOfUtc));
  const edition = { ...report, rendered: { ...rendered, id: `${id.replace(EDITION, '')}-s${number}` } };
  return storeReport(directory, edition, { trailHolds, asOfUtc, run: null });
}
