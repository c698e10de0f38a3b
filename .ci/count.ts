/**
 * Counts the tests of one vitest run for .ci/run: `node .ci/count.ts NAME REPORT EXIT_STATUS` prints "PASSED FAILED",
 * and on standard error a line for each test that did not pass. Skipped counts as failed: in CI every peer is installed.
 */
import { readFileSync } from 'node:fs';

/** The part of vitest's JSON report that is read here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Count {
  readonly passed: number;
  readonly failed: number;
  /** What was counted as failed, a line each. */
  readonly bad: readonly string[];
}

/** Counts a report (null: there is none) of a run that ended with exit status `status`. */
export function count(report: Report | null, status: number): Count {
  const files = report?.testResults ?? [];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const bad = tests.filter((test) => test.status !== 'passed').map((test) => `${test.status}: ${test.fullName}`);
  const passed = tests.length - bad.length;
  for (const file of files) {
    const explained = file.assertionResults.some((test) => test.status !== 'passed');
    if (file.assertionResults.length === 0) bad.push(`no test ran in ${file.name}: ${file.message ?? 'no message'}`);
    else if (file.status === 'failed' && !explained) bad.push(`failed outside its tests: ${file.name}`);
  }
  if (tests.length === 0 && bad.length === 0) bad.push('no test ran');
  if (status !== 0 && bad.length === 0) bad.push(`every test passed, but the run ended with exit status ${status}`);
  return { passed, failed: bad.length, bad };
}

function read(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return null;
  }
}

function main(name: string, file: string, status: string): void {
  const { passed, failed, bad } = count(read(file), Number(status));
  for (const line of bad) process.stderr.write(`${name}: ${line}\n`);
  process.stderr.write(`${name}: ${passed} passed, ${failed} not passed\n`);
  process.stdout.write(`${passed} ${failed}\n`);
}

if (import.meta.main) {
  const [name = '', file = '', status = '1'] = process.argv.slice(2);
  main(name, file, status);
}
