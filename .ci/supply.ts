/**
 * What the program is made of: a CycloneDX bill of materials of everything that is shipped, each part with a licence of the list
 * below and a hash. `node .ci/supply.ts [FILE]` checks it, and writes it to FILE for a release.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Permissive licences. A new one is a decision of a person, not of an update. */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'Python-2.0',
  'Zlib',
]);

/** Packages that say their licence in another way than npm reads; somebody has read it, for exactly this version. */
const READ = new Map([
  ['buildcheck@0.0.7', 'MIT'],
  ['cpu-features@0.0.10', 'MIT'],
  ['dejavu-fonts-ttf@2.37.3', 'Bitstream Vera and Arev fonts, changes in the public domain'],
  ['png-js@2.0.0', 'MIT'],
  ['ssh2@1.17.0', 'MIT'],
]);

interface Licence {
  readonly license?: { readonly id?: string; readonly name?: string };
  readonly expression?: string;
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly Licence[];
  readonly hashes?: readonly unknown[];
}

function billOfMaterials(): { readonly text: string; readonly components: readonly Component[] } {
  const args = ['sbom', '--omit=dev', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const made = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (made.status !== 0) throw new Error(`npm sbom: ${made.stderr}`);
  const bill = JSON.parse(made.stdout) as { bomFormat?: string; components?: readonly Component[] };
  if (bill.bomFormat !== 'CycloneDX' || bill.components === undefined) throw new Error('npm sbom made no CycloneDX');
  return { text: made.stdout, components: bill.components };
}

/** Every alternative of an expression such as `(MIT OR Apache-2.0)`; one that is allowed will do, with AND all must be. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, ' ').trim();
  if (/\sAND\s/.test(plain)) return plain.split(/\s+AND\s+/).every((part) => isAllowed(part));
  return plain.split(/\s+OR\s+/).some((licence) => ALLOWED.has(licence.trim()));
}

function faultsOf({ name, version, licenses = [], hashes = [] }: Component): string[] {
  const said = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '');
  const faults = said.filter((each) => !isAllowed(each)).map((each) => `licence "${each}" is not on the list`);
  if (said.length === 0 && !READ.has(`${name}@${version}`)) faults.push('says no licence');
  if (hashes.length === 0) faults.push('has no hash');
  return faults.map((fault) => `${name}@${version} ${fault}`);
}

const { text, components } = billOfMaterials();
const faults = components.flatMap(faultsOf);
const [file] = process.argv.slice(2);
if (file !== undefined) writeFileSync(file, text);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`${components.length} packages shipped, ${faults.length} with something wrong\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
