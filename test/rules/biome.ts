/** Runs the linter, with this repository's own configuration, over snippets that lie where we say they lie. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Finding {
  /** Rule without its group, for example `noRestrictedImports`. */
  readonly rule: string;
  readonly message: string;
  readonly severity: string;
}

interface BiomeReport {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: string;
    readonly severity: string;
    readonly location: { readonly path: string };
  }[];
}

/**
 * Lints all snippets in one run of Biome and gives the findings by path. The snippets get a folder of their own with
 * a copy of biome.json, because overrides are matched against paths below the configuration file (and Biome prints
 * no diagnostics for text that comes by standard input).
 */
export function lint(snippets: Readonly<Record<string, string>>): Map<string, Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-rules-'));
  try {
    copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    for (const [path, text] of Object.entries(snippets)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const run = spawnSync(
      join(ROOT, 'node_modules/.bin/biome'),
      ['lint', '--reporter=json', '--max-diagnostics=none'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    if (run.error !== undefined) throw run.error;
    return byPath(JSON.parse(run.stdout) as BiomeReport);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function byPath(report: BiomeReport): Map<string, Finding[]> {
  const findings = new Map<string, Finding[]>();
  for (const { category, message, severity, location } of report.diagnostics) {
    const list = findings.get(location.path) ?? [];
    list.push({ rule: category.split('/').at(-1) ?? category, message, severity });
    findings.set(location.path, list);
  }
  return findings;
}
