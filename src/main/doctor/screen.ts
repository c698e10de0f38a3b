/** Findings on a terminal. */
import type { Finding } from './finding.ts';

const WORD: Readonly<Record<Finding['status'], string>> = { ok: 'ok', warn: 'WARN', fail: 'FAIL', unknown: '?' };

/** Findings as people read them. */
export function screen(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length)) + 1;
  const lines = findings.map(({ advice, check, seen, status }) => {
    const first = `${WORD[status].padEnd(5)}${check.padEnd(width)}${seen}\n`;
    return advice === null ? first : `${first}${' '.repeat(5 + width)}${advice}\n`;
  });
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  return `${lines.join('')}\n${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} well\n`;
}
