/** The box under the gateway: its Node.js, the library that needs, the user it runs as. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Node.js 25 and newer load it (x64 and arm64 builds of nodejs.org). */
const LIBRARY = 'libatomic.so.1';
const LIBRARY_FOLDERS = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'];

/** Sources a test replaces. */
export interface BoxSources {
  readonly node: string;
  readonly userId: number | null;
  /** Text of /proc/self/maps, empty where there is none. */
  readonly maps: () => string;
  /** Folders that hold libraries. */
  readonly libraryFolders: readonly string[];
}

export const SYSTEM_BOX: BoxSources = {
  node: process.versions.node,
  userId: process.getuid?.() ?? null,
  maps: () => readText('/proc/self/maps'),
  libraryFolders: LIBRARY_FOLDERS,
};

export function boxFindings(sources: BoxSources, production: boolean): Finding[] {
  return [runtime(sources), libatomic(sources), user(sources, production)];
}

function runtime({ node }: BoxSources): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const good = major > 24 || (major === 24 && minor >= 12);
  return good
    ? ok('node', `Node.js ${node}`)
    : fail('node', `Node.js ${node}`, 'Use the Node.js that the package or "npm ci" brings (24.12 or newer).');
}

function libatomic({ libraryFolders, maps }: BoxSources): Finding {
  if (maps().includes(LIBRARY)) return ok('libatomic', 'loaded');
  if (libraryFolders.some((folder) => holds(folder)))
    return ok('libatomic', 'installed; this Node.js does not load it');
  return warn('libatomic', 'not found', 'Node.js 25 and newer need it: apt-get install libatomic1.');
}

/** Debian keeps libraries one folder down, by architecture. */
function holds(folder: string): boolean {
  if (existsSync(join(folder, LIBRARY))) return true;
  try {
    return readdirSync(folder, { withFileTypes: true }).some(
      (entry) =>
        entry.isDirectory() && entry.name.includes('linux-gnu') && existsSync(join(folder, entry.name, LIBRARY)),
    );
  } catch {
    return false;
  }
}

function user({ userId }: BoxSources, production: boolean): Finding {
  if (userId !== 0) return ok('user', userId === null ? 'not told by this system' : `user id ${userId}`);
  const advice =
    'Run doctor as the gateway’s user, or the permissions it sees are not the gateway’s: sudo -u counterfoil.';
  return production ? warn('user', 'root', advice) : ok('user', 'root; permissions were not tried as another user');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
