/**
 * The disk under a directory: which device it is, whether the kernel has made it read-only, how worn it says it is.
 * Everything is read from files the kernel keeps for anybody (/proc/self/mountinfo, /sys): the gateway has no capability.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

export interface Mount {
  /** `major:minor` as /sys/dev/block names it. */
  readonly device: string;
  readonly fileSystem: string;
  readonly point: string;
  /** The kernel remounts a filesystem read-only when it finds errors on it (ext4 errors=remount-ro). */
  readonly isReadOnly: boolean;
}

export interface Wear {
  readonly source: 'emmc' | 'smart';
  /** Share of its rated life the device says it has used, in percent; may pass 100. Null where it tells something else only. */
  readonly usedPercent: number | null;
  /** The device itself says that its end is near. */
  readonly isFailing: boolean;
  readonly temperatureC: number | null;
}

/** Mount of a path, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)); null when none holds it. */
export function mountOf(path: string, mountinfo: string): Mount | null {
  let found: Mount | null = null;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const fields = before?.split(' ') ?? [];
    const [, , device, , point, options] = fields.map(unescaped);
    const [fileSystem, , superOptions] = after?.split(' ') ?? [];
    if (device === undefined || point === undefined || options === undefined || fileSystem === undefined) continue;
    if (!isWithin(path, point)) continue;
    // A later mount on the same point lies over the earlier one.
    if (found !== null && point.length < found.point.length) continue;
    const flags = [...options.split(','), ...(superOptions?.split(',') ?? [])];
    found = { device, fileSystem, point, isReadOnly: flags.includes('ro') };
  }
  return found;
}

const isWithin = (path: string, point: string) =>
  path === point || path.startsWith(point.endsWith(sep) ? point : point + sep);

/** mountinfo writes space, tab, newline and backslash as octal. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/**
 * Wear of an eMMC by its own registers (JESD84-B51 section 7.4: DEVICE_LIFE_TIME_EST_TYP_A/B in tenths of its life, 0x0B is
 * over; PRE_EOL_INFO 2 warning, 3 urgent). Null for a device that is none, or does not tell.
 */
export function emmcWear(device: string, sysRoot = '/sys'): Wear | null {
  try {
    const block = realpathSync(join(sysRoot, 'dev/block', device));
    // A partition's folder lies in its disk's.
    const disk = /^mmcblk\d+$/.test(basename(block)) ? block : dirname(block);
    const [a = 0, b = 0] = hexWords(readFileSync(join(disk, 'device/life_time'), 'utf8'));
    const [preEol = 0] = hexWords(readFileSync(join(disk, 'device/pre_eol_info'), 'utf8'));
    const worst = Math.max(a, b);
    return {
      source: 'emmc',
      // 1 means "0 to 10 % used": the upper end is told.
      usedPercent: worst === 0 ? null : worst * 10,
      isFailing: worst >= 0x0b || preEol >= 3,
      temperatureC: null,
    };
  } catch {
    return null;
  }
}

const hexWords = (text: string) =>
  text
    .trim()
    .split(/\s+/)
    .map((word) => Number.parseInt(word, 16))
    .filter((value) => Number.isInteger(value));

interface SmartReport {
  readonly smart_status?: { readonly passed?: unknown };
  readonly temperature?: { readonly current?: unknown };
  readonly nvme_smart_health_information_log?: {
    readonly percentage_used?: unknown;
    readonly critical_warning?: unknown;
  };
  readonly ata_smart_attributes?: { readonly table?: readonly { readonly id?: unknown; readonly value?: unknown }[] };
}

/** ATA attributes whose normalised value counts down from 100: media wear-out indicators of the usual makers. */
const WEAR_ATTRIBUTES = [177, 202, 231, 233];

/**
 * Wear by the report of `smartctl --json --all DEVICE`, which a timer of the system writes (it takes a capability the
 * gateway does not have). Throws a `SyntaxError` for what is no JSON.
 */
export function smartWear(text: string): Wear {
  const report = JSON.parse(text) as SmartReport;
  const nvme = report.nvme_smart_health_information_log;
  const left = WEAR_ATTRIBUTES.flatMap((id) => {
    const value = report.ata_smart_attributes?.table?.find((attribute) => attribute.id === id)?.value;
    return typeof value === 'number' ? [value] : [];
  })[0];
  const usedByNvme = typeof nvme?.percentage_used === 'number' ? nvme.percentage_used : null;
  return {
    source: 'smart',
    usedPercent: usedByNvme ?? (left === undefined ? null : Math.max(0, 100 - left)),
    isFailing:
      report.smart_status?.passed === false ||
      (typeof nvme?.critical_warning === 'number' && nvme.critical_warning > 0),
    temperatureC: typeof report.temperature?.current === 'number' ? report.temperature.current : null,
  };
}
