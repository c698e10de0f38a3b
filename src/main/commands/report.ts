/** `counterfoil report`: make reports of any window, and see which there are. */
import { Command } from 'commander';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { reportList } from './report-list.ts';
import { reportDeliver, reportOutbox } from './report-outbox.ts';
import { reportMake, reportRun } from './report-run.ts';
import { reportSign } from './report-sign.ts';
import { reportVerify } from './report-verify.ts';

export function reportCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  return new Command('report')
    .description('reports for compliance: make, list, sign, verify, deliver')
    .addCommand(reportRun(io, person))
    .addCommand(reportList(io))
    .addCommand(reportVerify(io))
    .addCommand(reportSign(io, person))
    .addCommand(reportOutbox(io, person))
    .addCommand(reportDeliver(io))
    .addCommand(reportMake(io), { hidden: true });
}
