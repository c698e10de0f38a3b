/** `counterfoil trail`: the audit log, for who must be able to rely on it without relying on us. */
import { Command } from 'commander';
import { type CommandIo, processIo } from './io.ts';
import { trailExport } from './trail-export.ts';
import { trailProve } from './trail-prove.ts';
import { trailShow } from './trail-show.ts';
import { trailVerify } from './trail-verify.ts';

/** The `trail` command with its sub-commands; they read only, also beside a running gateway and on another machine. */
export function trailCommand(io: CommandIo = processIo): Command {
  const trail = new Command('trail').description('the audit log: verify, show, export, prove');
  trail.addCommand(trailVerify(io));
  trail.addCommand(trailShow(io));
  trail.addCommand(trailExport(io));
  trail.addCommand(trailProve(io));
  return trail;
}
