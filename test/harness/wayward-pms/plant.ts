/**
 * For planted faults: changes the source of one of the gateway's modules while it is loaded. The product has no such switch;
 * a plant that no longer fits its module says so and ends the process, so that no plant can fade without a sound.
 */
import { registerHooks } from 'node:module';

/**
 * Puts `instead` in the place of the function `name` of the module whose URL ends with `file`; the true one can be called
 * under the name `true_` + `name`.
 */
export function plantFunction(file: string, name: string, instead: string): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(file)) return loaded;
      const source = String(loaded.source);
      const declared = new RegExp(`^(export )?function ${name}\\(`, 'm');
      if (!declared.test(source)) throw new Error(`the plant does not fit: no function ${name} in ${file}`);
      return { ...loaded, source: `${source.replace(declared, `function true_${name}(`)}\n${instead}\n` };
    },
  });
}
