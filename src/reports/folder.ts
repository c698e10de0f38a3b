/**
 * Where reports lie: a folder each below `{data_dir}/reports`. A folder is a report once it has `report.json`, which is
 * written last and by rename; if the power goes before, the folder is nothing and the next report of that name replaces it.
 */

import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceDurably, syncDirectory, writeDurably } from '../base/durable.ts';
import { canonicalBytes } from '../record/canonical.ts';
import { REPORT_KINDS, type ReportManifest, type SignedReport, type StoredReport } from './api.ts';

const MANIFEST = 'report.json';
const ID = /^[a-z0-9_-]{1,64}$/;

const manifestForm: z.ZodType<ReportManifest> = z.object({
  v: z.literal(1),
  id: z.string().regex(ID),
  kind: z.enum(REPORT_KINDS),
  title: z.string(),
  confidential: z.boolean(),
  window: z.object({ fromUtcMs: z.number(), toUtcMs: z.number(), timeZone: z.string() }),
  store: z.object({
    gatewayId: z.string(),
    store: z.string(),
    name: z.string().nullable(),
    address: z.string().nullable(),
    deaRegistration: z.string().nullable(),
  }),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
  trailHolds: z.boolean(),
  asOfUtc: z.string(),
  run: z.string().nullable(),
  signedBy: z.string().nullable(),
  // Reports of before do not say why.
  unsigned: z.object({ message: z.string(), hint: z.string() }).nullable().default(null),
  signatures: z.array(
    z.object({
      printedName: z.string(),
      signedAtUtc: z.string(),
      meaning: z.string(),
      keyId: z.string(),
      figuresHash: z.string(),
      signature: z.string(),
    }),
  ),
});

export interface StoringFacts {
  readonly trailHolds: boolean;
  readonly asOfUtc: string;
  readonly run: string | null;
}

/** Writes a report's folder so that it survives a power cut once this returns. One that is complete is left as it is. */
export function storeReport(directory: string, report: SignedReport, facts: StoringFacts): StoredReport {
  const { rendered, files, signedBy, unsigned } = report;
  const folder = join(directory, rendered.id);
  const there = readReport(folder);
  if (there !== null) return there;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  for (const { name, bytes } of files) writeDurably(join(folder, name), bytes);
  const manifest: ReportManifest = {
    v: 1,
    id: rendered.id,
    kind: rendered.kind,
    title: rendered.title,
    confidential: rendered.confidential,
    window: rendered.window,
    store: rendered.store,
    files: files.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: hash('sha256', bytes, 'hex') })),
    ...facts,
    signedBy,
    unsigned,
    signatures: rendered.signatures,
  };
  replaceDurably(join(folder, MANIFEST), canonicalBytes(manifest));
  syncDirectory(directory);
  return { manifest, folder };
}

/** A report's folder; null for one that is none or not complete. */
export function readReport(folder: string): StoredReport | null {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) return null;
  try {
    const read = manifestForm.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return read.success ? { manifest: read.data, folder } : null;
  } catch {
    return null;
  }
}

/** All complete reports, by the end of their window, then by id. */
export function listReports(directory: string): StoredReport[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map(({ name }) => (ID.test(name) ? readReport(join(directory, name)) : null))
    .filter((report) => report !== null)
    .sort(({ manifest: a }, { manifest: b }) => a.window.toUtcMs - b.window.toUtcMs || (a.id < b.id ? -1 : 1));
}
