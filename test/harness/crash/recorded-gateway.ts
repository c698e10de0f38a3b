/** The real gateway under the recorder, whole or with a planted fault. */
import { join } from 'node:path';
import { checkBuffer } from '../checker/check.ts';
import type { Expectation } from '../checker/expectation.ts';
import { COUNTERFOIL, NO_PMS, STORE, writeConfig } from '../gateway.ts';
import type { Scene } from '../scene.ts';
import { RecordedRun } from './recorded-run.ts';
import type { World } from './world.ts';

export const GATEWAY_RECOVERY = join(import.meta.dirname, 'gateway-recovery.ts');

export type GatewayPlant = 'normal' | 'early';

export interface RecordedGatewayOptions {
  /** Recorded directory; the gateway's data_dir is `data` below it. */
  readonly root: string;
  readonly keepLog?: boolean;
  readonly plant?: GatewayPlant;
  /** Modules loaded before the gateway. */
  readonly preload?: readonly string[];
  readonly pmsUrl?: string;
  readonly world: World;
}

/** A gateway that is not started yet; it is killed with the scene. */
export function recordedGateway(scene: Scene, options: RecordedGatewayOptions): RecordedRun {
  const config = writeConfig(options.root, {
    pmsUrl: options.pmsUrl ?? NO_PMS,
    config: { gateway: { id: 'gw-0042' } },
  });
  const planted = options.plant === undefined ? [] : [join(import.meta.dirname, `plant-${options.plant}.ts`)];
  const imports = [...planted, ...(options.preload ?? [])].flatMap((module) => ['--import', module]);
  const run = new RecordedRun({
    root: options.root,
    scratch: scene.folder(),
    keepLog: options.keepLog ?? true,
    args: [...imports, COUNTERFOIL, 'run', '--config', config],
    world: options.world,
    store: STORE,
  });
  scene.onClose(() => run.abandon());
  return run;
}

/** What `examine` has looked at after recovery. */
export function checkGateway(folder: string, expected: Expectation): readonly string[] {
  return checkBuffer(join(folder, 'data'), expected);
}
