/** The demonstration as somebody meets it: `counterfoil demo` without a terminal, with one, and its checker afterwards. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COUNTERFOIL, ROOT } from '../harness/gateway.ts';
import { Scene } from '../harness/scene.ts';

const LIMIT_MS = 110_000;
const SCRIPT = '/usr/bin/script';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs one command to its end; everything it leaves behind is in `folder`. */
function run(folder: string, ...args: string[]): Promise<Outcome> {
  const env = { ...process.env, TMPDIR: folder };
  const command = [COUNTERFOIL, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, env, timeout: LIMIT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
    });
  });
}

describe('without a terminal', () => {
  test('plays all its trouble and ends content; what is then taken away by hand, its checker finds', async () => {
    const folder = scene.folder();
    const { code, output } = await run(folder, 'demo', '--seed', 'whole', '--duration', '20', '--keep');
    expect(output).toContain('The checker is content.');
    expect(code).toBe(0);
    for (const event of [
      'WAN cut',
      'gateway: link',
      'NORMAL -> FALLBACK',
      'gateway killed with SIGKILL',
      'gateway up again',
      'WAN back',
      'captive portal',
      'quantity times ten',
      'QUARANTINED',
      'no more sales',
    ]) {
      expect(output).toContain(event);
    }
    const [, altered] = /record (\d+): quantity times ten/.exec(output) ?? [];
    expect(output).toMatch(new RegExp(`quarantined, not sent +1 {3}record ${altered}\\n`));
    expect(output).toMatch(/lost +0\ntwice +0\n/);

    const [, kept] = /^kept: (.+)$/m.exec(output) ?? [];
    if (kept === undefined) throw new Error('nothing was kept');
    const files = [
      '--outboxes',
      join(kept, 'tills'),
      '--data-dir',
      join(kept, 'data'),
      '--pms-db',
      join(kept, 'pms.db'),
    ];
    const check = () => run(folder, 'demo', 'check', ...files, '--complete', '--altered', altered ?? '');
    expect(await check()).toMatchObject({ code: 0, output: expect.stringMatching(/^content: lost 0, twice 0/) });
    loseOne(join(kept, 'pms.db'));
    expect(await check()).toMatchObject({
      code: 1,
      output: expect.stringContaining('record 3 is SYNCED and not at the PMS'),
    });
  });

  test('Ctrl-C ends it early, in order, and with a check', async () => {
    const folder = scene.folder();
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, [COUNTERFOIL, 'demo'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    scene.onClose(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('four tills sell')) child.kill('SIGINT');
    });
    const output = text(child.stdout);
    expect(await ended).toBe(0);
    expect(await output).toContain('The checker is content.');
    expect(readdirSync(folder).filter((name) => name.startsWith('counterfoil-demo-'))).toEqual([]);
  });
});

if (!existsSync(SCRIPT)) {
  process.stderr.write(`\nSKIPPED: ${SCRIPT} is not there (apt-get install bsdutils); the screen was not tested.\n`);
}

describe.skipIf(!existsSync(SCRIPT))('with a terminal', () => {
  test('shows a screen, takes keys, gives the terminal back and ends content', async () => {
    const folder = scene.folder();
    const env = { ...process.env, TMPDIR: folder, TERM: 'xterm', LANG: 'C.UTF-8', NO_COLOR: '' };
    const command = `stty cols 80 rows 24; exec '${process.execPath}' '${COUNTERFOIL}' demo --seed screen`;
    const child = spawn(SCRIPT, ['-qec', command, '/dev/null'], { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'inherit'] });
    scene.onClose(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('close', resolve));
    let seen = '';
    const keys = [
      { when: 'four tills sell', key: 'k' },
      { when: 'gateway up again', key: 'q' },
    ];
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (keys[0] !== undefined && seen.includes(keys[0].when)) child.stdin.write(keys.shift()?.key ?? '');
    });
    expect(await ended, seen.slice(-1500)).toBe(0);
    const [before, screenAndAfter = ''] = seen.split('\u001b[?1049h');
    const [shown, after] = screenAndAfter.split('\u001b[?1049l');
    expect(before).toContain('starting');
    expect(shown).toContain('KILLED');
    expect(shown).toContain('\u001b[32mONLINE');
    expect(after).toContain('The checker is content.');
  });
});

/** What no program of ours ever does: takes a record out of the PMS's books. */
function loseOne(pmsDb: string): void {
  const db = new Database(pmsDb);
  db.exec('DELETE FROM places WHERE sequence = 3; DELETE FROM records WHERE sequence = 3');
  db.close();
}
