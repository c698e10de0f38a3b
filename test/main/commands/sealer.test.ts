/** The sealer is small because it is apart: what its command loads is known, and the gateway is none of it. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { counterfoil } from '../../harness/command.ts';
import { ROOT } from '../../harness/gateway.ts';

/** Every file of ours that `file` imports, itself or through others; types count too, which errs on the safe side. */
function loadedBy(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(ROOT, file), 'utf8');
  for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    loadedBy(relative(ROOT, join(ROOT, dirname(file), target)), found);
  }
  return found;
}

describe('counterfoil sealer', () => {
  test('loads its own room, base and tlog, and nothing of the gateway', () => {
    const files = [...loadedBy('src/main/commands/sealer.ts')];
    expect(files).toContain('src/sealer/sealer.ts');
    const foreign = files.filter((file) => !/^src\/(base|tlog|sealer)\//.test(file));
    expect(foreign.sort()).toEqual(['src/main/commands/sealer.ts', 'src/main/memory.ts', 'src/main/stop-signal.ts']);
  });

  test('is told by the configuration where to listen', async () => {
    const { code, errors } = await counterfoil('sealer', '--config', 'config/counterfoil.example.yaml');
    expect(errors).toMatch(/trail\.sealer_socket is null/);
    expect(code).toBe(78);
  });
});
