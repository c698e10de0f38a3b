#!/usr/bin/env node
// Entry point of the command line, in plain JavaScript on purpose: an old Node could not even parse TypeScript, and
// better-sqlite3 ends the process without a word on Node 20. So the version is checked before anything is imported.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `counterfoil: Node.js ${process.versions.node} is too old; 24.12 or newer is needed.\n` +
      'hint: from a checkout use "npm run -s counterfoil -- <command>", which uses the Node.js that npm ci installed.\n',
  );
  process.exit(78);
}
const { runCli } = await import('./cli.ts');
await runCli(process.argv.slice(2));
