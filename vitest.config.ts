import { defineConfig } from 'vitest/config';

/** Test folders mirror src; each slower kind is a project of its own so that it can be called alone. */
const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        ['test/{base,record,intake,buffer,sync,control,link,health,lane,demo,main,rules,harness}/**/*.test.ts'],
        30_000,
      ),
      project('whole', ['test/whole/**/*.test.ts'], 120_000),
      project('crash', ['test/crash/**/*.test.ts'], 600_000),
      project('sequences', ['test/sequences/**/*.test.ts'], 120_000),
      project('fuzz', ['test/fuzz/**/*.test.ts'], 300_000),
    ],
  },
});
