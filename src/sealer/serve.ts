/** The sealer's socket: what can be asked for, and by whom (whoever is in the group of its folder). */

import { z } from 'zod';
import type { Log } from '../base/log.ts';
import { archivePartParams, SEALER_REQUEST_BYTES, segmentParams, signParams } from '../base/sealer-wire.ts';
import { operation } from '../base/socket/operations.ts';
import { SocketServer } from '../base/socket/server.ts';
import type { Sealer } from './sealer.ts';

/** The server on the sealer's socket; its start throws `address_in_use`. */
export function sealerServer(path: string, sealer: Sealer, log: Log): SocketServer {
  return new SocketServer({
    name: 'sealer socket',
    program: 'the sealer',
    path,
    mode: 0o660,
    folderMode: 0o750,
    maxRequestBytes: SEALER_REQUEST_BYTES,
    example: '{"id":1,"op":"open","params":{"log":"audit","n":0}}',
    operations: {
      open: operation(segmentParams, (params) => sealer.openSegment(params)),
      seal: operation(segmentParams, (params) => sealer.seal(params)),
      archive_open: operation(archivePartParams, (params) => sealer.openArchive(params)),
      archive_seal: operation(archivePartParams, (params) => sealer.sealArchive(params)),
      archive_expire: operation(archivePartParams, (params) => sealer.expireArchive(params)),
      sign: operation(signParams, (params) => sealer.sign(params)),
      state: operation(z.strictObject({}), async () => ({ ...(await sealer.state()) })),
    },
    log,
  });
}
