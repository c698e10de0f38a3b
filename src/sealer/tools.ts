/**
 * The file attributes `a` (append-only) and `i` (immutable), fs-verity and preallocation, by the programs that Debian has
 * for them: Node has no ioctl(2). Each is called with a folder to stand in and a bare file name, never a path.
 */
import { execFile } from 'node:child_process';
import { CounterfoilError } from '../base/errors.ts';

export interface FileFlags {
  readonly appendOnly: boolean;
  readonly immutable: boolean;
  /** fs-verity: the kernel checks every read against a hash fixed when it was enabled. */
  readonly verity: boolean;
}

export type FlagChange = '+a' | '-a' | '+i' | '-i';

/** A program on a working disk answers at once; one that does not is stopped, or a dead disk would stop us all. */
const LIMIT_MS = 30_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** The administrator's programs, wherever we were started from; answers in the one language we can read. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

interface Ran {
  /** Exit code; null when the program could not be started, or was stopped. */
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Flags of the files in a folder, by name; those whose names begin with a dot are left out. Throws `trail_unfit`. */
export async function readFolderFlags(folder: string): Promise<Map<string, FileFlags>> {
  return parseFlags(await must('lsattr', [], folder));
}

/** Flags of one file. Throws `trail_unfit` where the file system has none. */
export async function readFlags(folder: string, name: string): Promise<FileFlags> {
  const flags = parseFlags(await must('lsattr', ['-d', '--', name], folder)).get(name);
  if (flags === undefined) throw unfit('lsattr', name);
  return flags;
}

/** Sets or clears one attribute. Throws `trail_unfit` without CAP_LINUX_IMMUTABLE, or where the file system has none. */
export async function changeFlag(folder: string, name: string, change: FlagChange): Promise<void> {
  await must('chattr', [change, '--', name], folder);
}

/** Reserves space for the first bytes of a file without changing its length. Throws `storage_full`, `trail_unfit`. */
export async function reserve(folder: string, name: string, bytes: number): Promise<void> {
  await must('fallocate', ['--keep-size', '--length', String(bytes), '--', name], folder);
}

/** Turns fs-verity on for a file that nobody writes to. False where it does not exist (kernel, file system, program). */
export async function enableVerity(folder: string, name: string): Promise<boolean> {
  const { code } = await run('fsverity', ['enable', name], folder);
  return code === 0;
}

async function must(program: string, args: readonly string[], folder: string): Promise<string> {
  const { code, output, errors } = await run(program, args, folder);
  if (code === 0) return output;
  if (/No space left|Disk quota exceeded/.test(errors)) {
    throw new CounterfoilError(
      'storage_full',
      'the file system of the trail is full, so no segment can be made ready',
      'Free space there. Until then entries stay in the buffer.',
    );
  }
  throw unfit(program, errors.trim());
}

function unfit(program: string, said: string): CounterfoilError {
  return new CounterfoilError(
    'trail_unfit',
    `${program} failed in the trail directory: ${said}`,
    'The sealer needs CAP_LINUX_IMMUTABLE, the packages e2fsprogs and util-linux, and a file system with append-only files such as ext4.',
  );
}

function run(program: string, args: readonly string[], folder: string): Promise<Ran> {
  const options = { cwd: folder, env: ENVIRONMENT, timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, output, errors: errors === '' && error !== null ? error.message : errors });
    });
  });
}

/** Lines of lsattr(1): flags, a space, the name (behind `./` when it was not asked for by name). */
function parseFlags(output: string): Map<string, FileFlags> {
  const found = new Map<string, FileFlags>();
  for (const line of output.split('\n')) {
    const [, letters, name] = /^(\S+) +(?:\.\/)?(.+)$/.exec(line) ?? [];
    if (letters === undefined || name === undefined) continue;
    found.set(name, {
      appendOnly: letters.includes('a'),
      immutable: letters.includes('i'),
      verity: letters.includes('V'),
    });
  }
  return found;
}
