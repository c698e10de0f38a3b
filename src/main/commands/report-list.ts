/** `counterfoil report list`: which reports lie in data_dir. */
import { Command } from 'commander';
import { toUtcText } from '../../base/clock.ts';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { listReports } from '../../reports/folder.ts';
import { reportsDirectory } from '../reports/task.ts';
import type { CommandIo } from './io.ts';

export function reportList(io: CommandIo): Command {
  return new Command('list')
    .description('which reports there are, oldest window first')
    .option('--config <file>', "the gateway's configuration file")
    .option('--json', 'one JSON object a line')
    .action(({ config, json }: { config?: string; json?: boolean }) => {
      const loaded = loadConfig({ file: config ?? findConfigFile(io.env), env: io.env });
      for (const { manifest, folder } of listReports(reportsDirectory(loaded))) {
        const { id, window, confidential, trailHolds, signedBy, signatures } = manifest;
        if (json === true) {
          io.write(`${JSON.stringify({ ...manifest, folder })}\n`);
          continue;
        }
        const marks = [
          trailHolds ? 'trail holds' : 'TRAIL DOES NOT HOLD',
          signedBy === null ? 'not sealed' : 'sealed',
          `signed by ${signatures.length}`,
          ...(confidential ? ['confidential'] : []),
        ];
        io.write(`${id}  ${toUtcText(window.fromUtcMs)}  ${toUtcText(window.toUtcMs)}  ${marks.join(', ')}\n`);
      }
    });
}
