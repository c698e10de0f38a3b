import { expect, test } from 'vitest';
import { checkReport } from '../../../../src/demo/pms/check/report.ts';
import { RULES } from '../../../../src/demo/pms/check/rules.ts';
import { checkPms } from '../../../../src/demo/pms/check/run.ts';
import { openPms } from '../office.ts';

const clock = { utcMs: () => Date.UTC(2026, 10, 22, 9), monotonicMs: () => 0 };

async function reportOn(options: Parameters<typeof openPms>[0]) {
  const { url } = await openPms({ clock, ...options });
  const result = await checkPms({ url, token: null, clock });
  return { result, lines: checkReport(result).trimEnd().split('\n') };
}

test('has a line for each rule that is met, and a sum', async () => {
  const { result, lines } = await reportOn({});
  expect(lines).toHaveLength(RULES.length + 2);
  expect(lines[0]).toMatch(/^ping +ok +answers JSON with status ok$/);
  expect(lines.at(-1)).toBe(
    `${RULES.length} rules: 0 fall short, 2 not checked. Made-up records were sent as ${result.gateway_id}.`,
  );
});

test('says of what falls short what was sent, what came, what the contract says and where', async () => {
  const { lines } = await reportOn({ faults: ['no_verification'] });
  const at = lines.findIndex((line) => /^schedule_two +SHORT/.test(line));
  expect(lines.slice(at + 1, at + 6)).toEqual([
    '    falls short: a Schedule II record is accepted without verification',
    '    sent      POST /api/v1/transactions/sync: stream schedule_two, stream_sequence 1',
    expect.stringMatching(/^ {4}came {6}200 \{"results":\[\{"stream_sequence":1,.*"status":"accepted"/),
    expect.stringMatching(/^ {4}contract {2}accepted carries verification with the same payload_hash/),
    '    see       #/components/schemas/Verification',
  ]);
  expect(lines.at(-1)).toContain('docs/openapi/pms.yaml');
});

test('says what a PMS without batches is good for', async () => {
  const bare = await reportOn({ minimal: { echo: false } });
  expect(bare.lines.join('\n')).toMatch(/works with sync\.profile: single only where sync\.accept_unproved: true/);
  const echo = await reportOn({ minimal: { echo: true } });
  expect(echo.lines.join('\n')).toMatch(/names key and hash: it works with sync\.profile: single\./);
  const none = await reportOn({ faults: ['not_found'] });
  expect(none.lines.join('\n')).toContain('no sync.profile works with it');
});
