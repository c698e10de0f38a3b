/** What a reader must know of the machine to compare figures; nothing that names it. */
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** File system magic numbers of statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  2435016766: 'btrfs',
  1481003842: 'XFS',
  801189825: 'ZFS',
  2035054128: 'overlayfs',
  16914836: 'tmpfs',
};

/** One line each: processor, memory, system, file system under `directory`, and how busy it is now. */
export function describeMachine(directory: string): string[] {
  const processors = cpus();
  const kernel = release().split('.').slice(0, 2).join('.');
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}`,
    `${Math.round(totalmem() / 1024 ** 3)} GiB memory`,
    `Linux ${kernel}`,
    `${fileSystemOf(directory)} on the disk measured`,
    `load average ${(loadavg()[0] ?? 0).toFixed(2)} before the start`,
  ];
}

/** The file system's name, or its magic number where we have no name for it. */
export function fileSystemOf(directory: string): string {
  const { type } = statfsSync(directory);
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
}
