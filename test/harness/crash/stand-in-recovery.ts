/** Recovers folders of the stand-in: what its start does before it serves anyone. */
import { join } from 'node:path';
import { serveRecovery } from './recovery-server.ts';
import { openStandIn } from './stand-in-store.ts';

await serveRecovery((folder) => {
  openStandIn(join(folder, 'data')).close();
});
