/**
 * Keeps package-lock.json complete: `node .ci/lock.ts` says what is missing, `node .ci/lock.ts --write` adds it.
 *
 * A package for another platform that the registry in use did not offer is left out when the lockfile is written;
 * `npm ci` then refuses the lockfile on every machine ("Missing: … from lock file"). What is added here has a version and
 * its platform but no integrity: npm passes it over on ours, and a registry that offers it fills it in.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly os?: readonly string[];
}

export interface Lock {
  packages: Record<string, LockEntry>;
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Optional dependencies of packages in `lock` that have no entry of their own, as [path, entry]. */
export function missingEntries(lock: Lock): [string, LockEntry][] {
  return Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(
        ([name]) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      )
      .map(([name, version]): [string, LockEntry] => [
        `node_modules/${name}`,
        platformEntry(name, version, dev === true),
      ]),
  );
}

/** What a lockfile says of a platform package, read from its name: `@scope/binding-linux-arm64-musl`. */
function platformEntry(name: string, version: string, dev: boolean): LockEntry {
  const words = name.split(/[/-]/);
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`${name}: no platform in its name, add it by hand`);
  const libc = os !== 'linux' ? {} : { libc: [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'] };
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, optional: true, os: [os] };
}

/** The lock with `entries` added, packages in the order npm writes them. */
export function completed(lock: Lock, entries: readonly [string, LockEntry][]): Lock {
  const all = [...Object.entries(lock.packages), ...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...lock, packages: Object.fromEntries(all) };
}

if (import.meta.main) {
  const file = resolve(import.meta.dirname, '../package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
  const entries = missingEntries(lock);
  for (const [path] of entries) process.stdout.write(`${path}\n`);
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify(completed(lock, entries), null, 2)}\n`);
  else if (entries.length > 0) process.exitCode = 1;
}
