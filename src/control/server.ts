/**
 * The control socket: how people on this box act on a running gateway. It lies in a folder of the gateway's own user (mode
 * 0700, the socket 0600), so only that user and root can open it. A signed act proves its signer by the signature.
 */
import type { Log } from '../base/log.ts';
import type { Operations } from '../base/socket/operations.ts';
import { SocketServer } from '../base/socket/server.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';

export interface ControlServerParts {
  readonly operations: Operations;
  readonly log: Log;
}

/** The server of the control socket; `path` as `controlSocketPath` gives it. */
export function controlServer(path: string, { operations, log }: ControlServerParts): SocketServer {
  return new SocketServer({
    name: 'control socket',
    program: 'the gateway',
    path,
    mode: 0o600,
    folderMode: 0o700,
    maxRequestBytes: MAX_REQUEST_BYTES,
    example: '{"id":1,"op":"review.list","params":{}}',
    operations,
    log,
  });
}
