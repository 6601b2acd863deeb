import { runnerImport } from 'vite';
import type { Plugin } from 'vite';
import type { rollupPlugin } from '../../libs/flame/src/loaders/unplugin/rollup-plugin.js';

/** `inlineFunctions.vite()` of the library's sources. They are loaded with the first file that is compiled, and not by each start of Vitest. */
export function inlinePlugin(): Plugin {
  const load = () => runnerImport<{ rollupPlugin: typeof rollupPlugin }>('./libs/flame/src/loaders/unplugin/rollup-plugin.ts');
  let loading: ReturnType<typeof load> | undefined;
  return {
    name: 'nestjs-flame',
    enforce: 'post',
    async transform(code, id) {
      const { module } = await (loading ??= load());
      return module.rollupPlugin().transform.call(this, code, id);
    },
  };
}
