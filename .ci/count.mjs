// Counts the tests of one vitest run for .ci/run: node .ci/count.mjs NAME REPORT EXIT_STATUS prints "PASSED FAILED".
// What is wrong goes to standard error, one line each. Skipped counts as failed: in CI every peer is installed.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @typedef {{ fullName: string, status: string }} Assertion */
/** @typedef {{ name: string, status: string, message?: string, assertionResults: Assertion[] }} FileResult */

/**
 * Passed and failed tests of a report, with a line for each that did not pass.
 * @param {{ testResults: FileResult[] } | null} report null when there is none
 * @param {number} status exit status of the run
 */
export function count(report, status) {
  const tests = (report?.testResults ?? []).flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const bad = tests.filter((test) => test.status !== 'passed').map((test) => `${test.status}: ${test.fullName}`);
  for (const file of report?.testResults ?? []) {
    const explained = file.assertionResults.some((test) => test.status !== 'passed');
    if (file.assertionResults.length === 0) bad.push(`no test ran in ${file.name}: ${file.message ?? 'no message'}`);
    else if (file.status === 'failed' && !explained) bad.push(`failed outside its tests: ${file.name}`);
  }
  if (tests.length === 0 && bad.length === 0) bad.push('no test ran');
  if (status !== 0 && bad.length === 0) bad.push(`every test passed, but the run ended with exit status ${status}`);
  return { passed, failed: bad.length, bad };
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

const [name, file, status] = process.argv.slice(2);
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && file !== undefined) {
  const { passed, failed, bad } = count(read(file), Number(status));
  for (const line of bad) process.stderr.write(`${name}: ${line}\n`);
  process.stderr.write(`${name}: ${passed} passed, ${failed} not passed\n`);
  process.stdout.write(`${passed} ${failed}\n`);
}
