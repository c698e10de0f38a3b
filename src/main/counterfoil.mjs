#!/usr/bin/env node
// Entry point of the command line, in plain JavaScript on purpose: an old Node could not even parse TypeScript, and
// better-sqlite3 ends the process without a word on Node 20. So the version is checked before anything is imported.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `counterfoil: Node.js ${process.versions.node} is too old; 24.12 or newer is needed.\n` +
      'hint: from a checkout use "npm run -s counterfoil -- <command>", which uses the Node.js that npm ci installed.\n',
  );
  process.exit(78);
}

/**
 * Where Node keeps what it made of our TypeScript, so that a second start needs neither the time nor the 30 MB of the
 * type stripper. Inside the installation, never in a shared /tmp: whoever can write there can run code as us.
 */
function compileCache() {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/counterfoil', import.meta.url));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return { NODE_COMPILE_CACHE: folder };
  } catch {
    return {}; // a read-only installation: a slower start, nothing else
  }
}

// Gateway and sealer are a small box's only guests: a small young generation, an early look at the old one and one malloc
// arena keep their memory low. None can be set from inside, so such a process replaces itself once (same pid, so a
// supervisor sees nothing of it).
if (['run', 'sealer'].includes(process.argv[2] ?? '') && process.env.COUNTERFOIL_TUNED === undefined) {
  const flags = [
    '--max-semi-space-size=4',
    '--max-old-space-size=160',
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
  ];
  const tuned = { MALLOC_ARENA_MAX: '1', ...compileCache(), ...process.env, COUNTERFOIL_TUNED: '1' };
  const script = fileURLToPath(import.meta.url);
  process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...flags, script, ...process.argv.slice(2)],
    tuned,
  );
}

const { runCli } = await import('./cli.ts');
await runCli(process.argv.slice(2));
