import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { wholeProgram } from '../../src/main/cli.ts';
import { factsOf } from '../../src/main/command-tree.ts';
import { completionScript, SHELLS } from '../../src/main/completion.ts';

const tree = factsOf(await wholeProgram());

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _counterfoil; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout } = spawnSync('bash', ['-c', `${completionScript('bash', tree)}\n${ask}`], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash completes commands, their sub-commands and their options', () => {
  expect(offered('counterfoil', 'do')).toEqual(['doctor']);
  expect(offered('counterfoil', 'trail', '')).toEqual(expect.arrayContaining(['verify', 'show', 'export', 'prove']));
  expect(offered('counterfoil', 'backup', 'create', '--with')).toEqual(['--with-keys']);
  expect(offered('counterfoil', '--version', 'status', '--js')).toEqual(['--json']);
});

test('every shell hears of every command that is not hidden', () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, tree);
    for (const { path } of tree.subcommands) expect(script).toContain(path[0]);
    expect(script).not.toContain('undefined');
  }
  expect(spawnSync('bash', ['-n'], { input: completionScript('bash', tree) }).status).toBe(0);
});
