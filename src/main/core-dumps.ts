/**
 * No record in a core dump: the kernel writes none of this process's memory into one (core(5), /proc/PID/coredump_filter), also
 * where it hands dumps to a program and no limit on their size counts. Of the whole process and what it starts.
 */
import { writeFileSync } from 'node:fs';

const FILTER = '/proc/self/coredump_filter';

/** False where the kernel does not offer it. */
export function keepOutOfCoreDumps(): boolean {
  try {
    writeFileSync(FILTER, '0');
    return true;
  } catch {
    return false;
  }
}
