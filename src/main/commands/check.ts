/**
 * `counterfoil check`: a gateway's health as a monitoring plug-in says it (Monitoring Plugins Development Guidelines:
 * one line with performance data, exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN).
 */
import { Command } from 'commander';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { askStatus, type GatewayFlags, gatewayCaller, withGateway } from './gateway-call.ts';
import { type CommandIo, processIo } from './io.ts';
import { NAGIOS_EXIT, pluginOutput } from './nagios.ts';

interface CheckFlags extends GatewayFlags {
  readonly nagios?: boolean;
  readonly json?: boolean;
}

/** The `check` command. Never throws for what it meets: whoever calls a plug-in reads one line and a code. */
export function checkCommand(io: CommandIo = processIo): Command {
  return withGateway(new Command('check'))
    .description('a gateway’s health for monitoring: one line with performance data, exit code 0 to 3')
    .option('--nagios', 'as a Nagios or Icinga plug-in says it; this is the default')
    .option('--json', 'the same as JSON')
    .addHelpText(
      'after',
      '\nExit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also for wrong options of this command).',
    )
    .action(async (flags: CheckFlags) => {
      const { code, text, perfdata } = await outcome(flags, io.env);
      if (flags.json === true) io.write(`${JSON.stringify({ code, text, perfdata })}\n`);
      else io.write(`COUNTERFOIL ${text}${perfdata === '' ? '' : ` | ${perfdata}`}\n`);
      io.exitWith(code);
    });
}

async function outcome(flags: CheckFlags, env: NodeJS.ProcessEnv) {
  try {
    const caller = gatewayCaller(flags, env);
    try {
      return pluginOutput(await askStatus(caller));
    } finally {
      await caller.close();
    }
  } catch (error) {
    // A gateway that does not answer serves nobody; anything else says that we could not look.
    const silent = error instanceof CounterfoilError && error.code === 'gateway_unreachable';
    const hint = error instanceof CounterfoilError ? ` - ${error.hint}` : '';
    const word = silent ? 'CRITICAL' : 'UNKNOWN';
    const text = `${word} - ${messageOf(error)}${hint}`.replace(/[|\r\n]+/g, ' ');
    return { code: silent ? NAGIOS_EXIT.critical : NAGIOS_EXIT.unknown, text, perfdata: '' };
  }
}
