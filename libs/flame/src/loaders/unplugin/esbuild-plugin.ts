import { readFileSync } from 'node:fs';
import { InlineCompiler } from '../inline-compiler.js';
import { withInlineMap } from '../source-map-comment.js';

interface Loaded {
  readonly contents: string | undefined;
  readonly errors: { text: string }[];
  readonly warnings: { text: string }[];
}

interface Building {
  onLoad(which: { filter: RegExp }, load: (file: { path: string }) => Loaded): void;
}

/** A plugin of esbuild. */
export interface EsbuildPlugin {
  readonly name: string;
  /** Called by esbuild. */
  setup(build: Building): void;
}

/** esbuild compiles TypeScript after its plugins, and writes no decorator metadata: it has to be given JavaScript. */
export function esbuildPlugin(): EsbuildPlugin {
  return {
    name: 'nestjs-flame',
    setup({ onLoad }) {
      onLoad({ filter: /\.[cm]?js$/ }, ({ path }) => {
        const [errors, warnings]: { text: string }[][] = [[], []];
        const compiler = new InlineCompiler({
          error: (text) => errors!.push({ text }),
          warning: (text) => warnings!.push({ text }),
        });
        const file = compiler.compile(path, readFileSync(path, 'utf8'), { format: 'by syntax' });
        // Without contents esbuild reads the file itself.
        const contents = file && withInlineMap(file.code, file.map);
        return { contents, errors: errors!, warnings: warnings! };
      });
    },
  };
}
