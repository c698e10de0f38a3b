/** A store behind its line: gateway, line and PMS, started in order and ended in the opposite one. */
import { type Line, openLine } from '../line/line.ts';
import type { LineShape } from '../line/shape.ts';
import { type PmsKind, type RunningGateway, type RunningPms, startGateway, startPms } from './processes.ts';

export interface Scene {
  readonly gateway: RunningGateway;
  readonly line: Line;
  readonly pms: RunningPms;
}

/** Runs `task` in a scene whose data is in `directory`; whatever happens, nothing of it is left running. */
export async function withScene<T>(
  directory: string,
  kind: PmsKind,
  shape: LineShape,
  task: (scene: Scene) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<void>)[] = [];
  try {
    const line = await openLine(shape);
    undo.push(() => line.close());
    const pms = await startPms(kind, directory, line.serverHost);
    undo.push(() => pms.stop());
    const gateway = await startGateway(directory, await line.connect(pms.port));
    undo.push(() => gateway.stop());
    return await task({ gateway, line, pms });
  } finally {
    for (const stop of undo.reverse()) await stop();
  }
}
