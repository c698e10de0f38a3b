/** The unit files, judged by systemd itself. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../harness/gateway.ts';
import { missing } from '../harness/programs.ts';

const unitFile = (name: string) => join(ROOT, 'firmware-image/units', name);

/** The values of a setting, in the order of the file. */
function setting(name: string, key: string): string[] {
  const lines = readFileSync(unitFile(name), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

describe.skipIf(missing('systemd-analyze'))('unit files', () => {
  test.each(['counterfoil-sealer.service', 'counterfoil.service'])('%s: exposure at most 1.5', (name) => {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', unitFile(name)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', SYSTEMD_COLORS: '0' },
    });
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    expect(exposure, stdout + stderr).toBeDefined();
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });

  test.each(['counterfoil-sealer.service', 'counterfoil.service'])(
    '%s: nothing in it that systemd does not know',
    (name) => {
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitFile(name)], {
        encoding: 'utf8',
      });
      // The program is not installed here; that is all there is to say.
      const said = (stdout + stderr).split('\n').filter((line) => line !== '' && !line.includes('is not executable'));
      expect(said).toEqual([]);
    },
  );

  test.each(['counterfoil-sealer.service', 'counterfoil.service'])(
    '%s: calls of the system by a list, a bound on memory, and no core dump that would take it to a disk',
    (name) => {
      expect(setting(name, 'SystemCallFilter')).toEqual(['@system-service', '~@privileged @resources']);
      expect(setting(name, 'LimitCORE')).toEqual(['0']);
      expect(setting(name, 'MemoryMax')).toHaveLength(1);
    },
  );

  test('the sealer has one capability and no network, the gateway no capability', () => {
    const sealer = 'counterfoil-sealer.service';
    expect(setting(sealer, 'CapabilityBoundingSet')).toEqual(['CAP_LINUX_IMMUTABLE']);
    expect(setting(sealer, 'AmbientCapabilities')).toEqual(['CAP_LINUX_IMMUTABLE']);
    expect(setting(sealer, 'PrivateNetwork')).toEqual(['yes']);
    expect(setting(sealer, 'RestrictAddressFamilies')).toEqual(['AF_UNIX']);
    expect(setting('counterfoil.service', 'CapabilityBoundingSet')).toEqual(['']);
    expect(setting('counterfoil.service', 'AmbientCapabilities')).toEqual(['']);
    // Two users, one group.
    expect(setting(sealer, 'User')).not.toEqual(setting('counterfoil.service', 'User'));
    expect(setting(sealer, 'Group')).toEqual(setting('counterfoil.service', 'Group'));
  });
});
