import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Test folders mirror src; each slower kind is a project of its own so that it can be called alone. */
const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    // Whole-process tests mostly wait for each other's processes: three at a time even on a machine with two processors.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      project(
        'unit',
        [
          'test/{base,tlog,pki,record,buffer,intake,sync,control,link,health,dashboard,lane,demo,trail,archive,backup,storage,reports,people,enrolment,main}/**/*.test.ts',
          'test/{inspect,sealer,rules,harness}/**/*.test.ts',
        ],
        30_000,
      ),
      project('whole', ['test/whole/**/*.test.ts'], 120_000),
      project('browser', ['test/browser/**/*.test.ts'], 120_000),
      project('crash', ['test/crash/**/*.test.ts'], 600_000),
      project('sequences', ['test/sequences/**/*.test.ts'], 120_000),
      project('fuzz', ['test/fuzz/**/*.test.ts'], 300_000),
    ],
  },
});
