/** The findings of a check as text for those who build the PMS. */
import type { PmsCheckResult, RuleFinding } from './run.ts';
import { singleSentence } from './single.ts';

const MARKS = { ok: 'ok', short: 'SHORT', not_checked: '-' } as const;

/** One rule a line; what falls short is followed by what was sent, what came, and what the contract says. */
export function checkReport(result: PmsCheckResult): string {
  const width = Math.max(...result.findings.map(({ rule }) => rule.length));
  const lines = result.findings.flatMap((finding) => linesOf(finding, width));
  const short = result.findings.filter(({ verdict }) => verdict === 'short').length;
  const open = result.findings.filter(({ verdict }) => verdict === 'not_checked').length;
  const total =
    `${result.findings.length} rules: ${short} ${short === 1 ? 'falls' : 'fall'} short, ${open} not checked. ` +
    `Made-up records were sent as ${result.gateway_id}.`;
  const single = result.single === null ? [] : [singleSentence(result.single)];
  const where = short === 0 ? [] : ['The contract is docs/openapi/pms.yaml; "pms serve" shows it at /openapi.json.'];
  return `${[...lines, '', total, ...single, ...where].join('\n')}\n`;
}

function linesOf(
  { rule, verdict, demands, detail, exchange, contract, pointer }: RuleFinding,
  width: number,
): string[] {
  const head = `${rule.padEnd(width)}  ${MARKS[verdict].padEnd(5)}  `;
  if (verdict !== 'short') return [`${head}${demands}${detail === '' ? '' : `: ${detail}`}`];
  const told = exchange === null ? [] : [`sent      ${exchange.sent}`, `came      ${exchange.came}`];
  const body = [`falls short: ${detail}`, ...told, `contract  ${contract}`, `see       ${pointer}`];
  return [`${head}${demands}`, ...body.map((line) => `    ${line}`)];
}
