import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emmcWear, mountOf, smartWear } from '../../src/storage/device.ts';

const MOUNTS = `22 1 179:2 / / rw,relatime shared:1 - ext4 /dev/mmcblk0p2 rw,errors=remount-ro
30 22 179:7 / /var/lib/counterfoil rw,nosuid - ext4 /dev/mmcblk0p7 rw
31 22 179:8 / /srv/worm\\040partition ro,nodev - ext4 /dev/mmcblk0p8 rw
32 22 0:40 / /var/lib/counterfoil-old rw - tmpfs tmpfs rw
33 30 179:7 /sub /var/lib/counterfoil/data rw - ext4 /dev/mmcblk0p7 ro,errors=remount-ro
`;

describe('the mount of a path', () => {
  test.each([
    ['/etc/passwd', '179:2', false],
    ['/var/lib/counterfoil', '179:7', false],
    ['/var/lib/counterfoil/other/x', '179:7', false],
    ['/var/lib/counterfoil-old/x', '0:40', false],
    ['/srv/worm partition/audit', '179:8', true],
  ])('%s is on %s', (path, device, isReadOnly) => {
    expect(mountOf(path, MOUNTS)).toMatchObject({ device, isReadOnly });
  });

  test('a filesystem the kernel has made read-only says so in its own options', () => {
    expect(mountOf('/var/lib/counterfoil/data/buffer.db', MOUNTS)).toMatchObject({ isReadOnly: true });
  });

  test('the real one of this machine', async () => {
    const { readFileSync } = await import('node:fs');
    expect(mountOf(tmpdir(), readFileSync('/proc/self/mountinfo', 'utf8'))?.device).toMatch(/^\d+:\d+$/);
  });
});

describe('eMMC', () => {
  let sys = '';
  beforeEach(() => {
    sys = mkdtempSync(join(tmpdir(), 'sys-'));
    mkdirSync(join(sys, 'devices/mmcblk0/mmcblk0p7'), { recursive: true });
    mkdirSync(join(sys, 'devices/mmcblk0/device'));
    mkdirSync(join(sys, 'dev/block'), { recursive: true });
    symlinkSync(join(sys, 'devices/mmcblk0/mmcblk0p7'), join(sys, 'dev/block/179:7'));
    symlinkSync(join(sys, 'devices/mmcblk0'), join(sys, 'dev/block/179:0'));
  });
  afterEach(() => rmSync(sys, { recursive: true, force: true }));
  const says = (life: string, eol: string) => {
    writeFileSync(join(sys, 'devices/mmcblk0/device/life_time'), life);
    writeFileSync(join(sys, 'devices/mmcblk0/device/pre_eol_info'), eol);
  };

  test('the worse of its two areas, for the disk and for a partition of it', () => {
    says('0x02 0x05\n', '0x01\n');
    expect(emmcWear('179:7', sys)).toEqual({ source: 'emmc', usedPercent: 50, isFailing: false, temperatureC: null });
    expect(emmcWear('179:0', sys)?.usedPercent).toBe(50);
  });

  test('over its life, or urgent by its own word', () => {
    says('0x0b 0x01', '0x01');
    expect(emmcWear('179:7', sys)).toMatchObject({ usedPercent: 110, isFailing: true });
    says('0x03 0x03', '0x03');
    expect(emmcWear('179:7', sys)).toMatchObject({ usedPercent: 30, isFailing: true });
  });

  test('a device that does not tell', () => {
    says('0x00 0x00', '0x00');
    expect(emmcWear('179:7', sys)).toMatchObject({ usedPercent: null, isFailing: false });
    expect(emmcWear('8:1', sys)).toBeNull();
  });
});

describe('smartctl', () => {
  test('NVMe', () => {
    const report = {
      smart_status: { passed: true },
      temperature: { current: 41 },
      nvme_smart_health_information_log: { percentage_used: 7, critical_warning: 0 },
    };
    expect(smartWear(JSON.stringify(report))).toEqual({
      source: 'smart',
      usedPercent: 7,
      isFailing: false,
      temperatureC: 41,
    });
    const warned = { ...report, nvme_smart_health_information_log: { percentage_used: 7, critical_warning: 4 } };
    expect(smartWear(JSON.stringify(warned)).isFailing).toBe(true);
  });

  test('SATA: the wear-out indicator counts down', () => {
    const report = {
      smart_status: { passed: false },
      ata_smart_attributes: {
        table: [
          { id: 9, value: 3 },
          { id: 233, value: 88 },
        ],
      },
    };
    expect(smartWear(JSON.stringify(report))).toMatchObject({ usedPercent: 12, isFailing: true });
  });

  test('what says nothing is nothing', () => {
    expect(smartWear('{}')).toEqual({ source: 'smart', usedPercent: null, isFailing: false, temperatureC: null });
    expect(() => smartWear('smartctl: not found')).toThrow(SyntaxError);
  });
});
