/** Planted fault, loaded before the gateway: a verdict counts though it names another key or hash, or none. Test only. */
import { plantFunction } from './plant.ts';

plantFunction('/src/sync/verdict.ts', 'echoFault', 'function echoFault() { return null; }');
