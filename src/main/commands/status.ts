/** `counterfoil status`: what a running gateway says about itself, for people. */
import { Command } from 'commander';
import { EXIT } from '../../base/errors.ts';
import { askStatus, type GatewayFlags, gatewayCaller, withGateway } from './gateway-call.ts';
import { type CommandIo, processIo } from './io.ts';
import { statusScreen } from './status-screen.ts';

/** The `status` command. Ends with 0, or with 1 when the gateway's health is `fail` or it does not answer. */
export function statusCommand(io: CommandIo = processIo): Command {
  return withGateway(new Command('status'))
    .description('show the state of a running gateway; exit code 1 when its health is "fail" or it does not answer')
    .option('--json', 'print the answer of /api/v1/status as it is')
    .action(async (flags: GatewayFlags & { readonly json?: boolean }) => {
      const caller = gatewayCaller(flags, io.env);
      try {
        const status = await askStatus(caller);
        io.write(flags.json === true ? `${JSON.stringify(status, null, 2)}\n` : statusScreen(status));
        if (status.health.status === 'fail') io.exitWith(EXIT.failure);
      } finally {
        await caller.close();
      }
    });
}
