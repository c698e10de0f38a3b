/** Verifies the trail in the directory named and tells what it took: a process of its own, as the command is one, so that its memory is its own. */
import { verifyTrail } from '../../src/inspect/verify.ts';
import { keepMemoryFlat } from '../../src/main/commands/flat-memory.ts';
import type { VerifyRun } from './report.ts';

keepMemoryFlat();
const [directory = ''] = process.argv.slice(2);
const startedMs = performance.now();
const startedCpu = process.cpuUsage();
const verdict = verifyTrail({ directory, log: 'audit', key: null, witnesses: [] });
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(startedCpu);
const { maxRSS } = process.resourceUsage();
const audit = verdict.logs.audit;
if (!verdict.ok || audit === undefined) throw new Error('the trail does not hold');
const run: VerifyRun = {
  entries: audit.entries,
  bytes: audit.segments.reduce((sum, { bytes }) => sum + bytes, 0),
  checkpoints: audit.checkpoints.proven,
  records: audit.records,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: maxRSS * 1024,
};
process.stdout.write(JSON.stringify(run));
