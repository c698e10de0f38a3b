/** The person at a real terminal: a pseudo-terminal made by script(1), which every Debian has. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(resolve(import.meta.dirname, '../../..'), 'src/main/commands/person.ts');

/** Runs `code` (with `person` in it) at a terminal and types `answer` as soon as `question` is on the screen. */
async function atTerminal(code: string, question: string, answer: string): Promise<string> {
  const program = `import(${JSON.stringify(MODULE)}).then(async ({ terminalPerson: person }) => { ${code} });`;
  const command = `${process.execPath} -e '${program}'`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null']);
  let screen = '';
  let typed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (typed || !screen.includes(question)) return;
    typed = true;
    child.stdin.write(answer);
  });
  await new Promise((done) => child.once('close', done));
  return screen;
}

test('a secret is read and never on the screen, however fast it is typed', async () => {
  const code =
    'const secret = await person.secret("Passphrase: "); console.log(String(person.isThere), String(secret.length));';
  const screen = await atTerminal(code, 'Passphrase: ', 'open sesame\r');
  expect(screen).toContain('true 11');
  expect(screen).not.toContain('sesame');
});

test.each([
  ['y\r', true],
  ['YES\r', true],
  ['\r', false],
  ['yes please\r', false],
  ['\u0003', false],
])('%j to a question', async (answer, expected) => {
  const code = 'console.log("said", String(await person.confirm("Really? ")));';
  expect(await atTerminal(code, 'Really? ', answer)).toContain(`said ${expected}`);
});
