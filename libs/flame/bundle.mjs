// Makes the files that apps load from what `nest build flame` has compiled: the implementation as one CommonJS file, and for each subpath of
// package.json an entry for `require` and one for `import`, which both give what that file exports.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const { dependencies, exports } = require('./package.json');
const dist = join(import.meta.dirname, 'dist');
const out = join(dist, 'entry');
const parts = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => subpath.slice(2) || 'index');
const compiled = (part) => (part === 'index' ? './index.js' : `./${part}/index.js`);

/** Jest has no `import()` where it is not asked to. Dependencies are CommonJS; optional peers may be ES modules and keep theirs. */
const requireDependencies = {
  name: 'require dependencies',
  setup({ onLoad }) {
    const names = Object.keys(dependencies).join('|');
    const dynamicImport = new RegExp(`\\bimport\\((['"])(${names})\\1\\)`, 'g');
    onLoad({ filter: /\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(dynamicImport, 'Promise.resolve().then(() => require("$2"))'),
    }));
  },
};

/** What the entry for `import` has given takes the place of what `require` finds: a loader such as tsx gives the two formats a Nest each. */
const nestOfTheApp = {
  name: 'nest of the app',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@nestjs\/(core|common)$/ }, ({ path, namespace }) =>
      namespace === 'nest' ? undefined : { path, namespace: 'nest' },
    );
    onLoad({ filter: /.*/, namespace: 'nest' }, ({ path }) => ({
      contents: `module.exports = require('./nest.js')['${path}'] ?? require('${path}');`,
      resolveDir: dist,
    }));
  },
};

const options = {
  absWorkingDir: dist,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  // esbuild renames classes that refer to themselves.
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  external: ['./nest.js'],
  plugins: [requireDependencies, nestOfTheApp],
  logLevel: 'warning',
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
writeFileSync(join(out, 'nest.js'), 'module.exports = {};\n');
await Promise.all([
  build({
    ...options,
    stdin: {
      // Getters: a subpath's code runs when it is first asked for, and shares the modules of all others.
      contents: `module.exports = require('./library.js').loadOnce({
        ${parts.map((part) => `get ${part}() { return require('${compiled(part)}'); },`).join('\n')}
      }, require('@nestjs/core'), require('@nestjs/common'));`,
      resolveDir: dist,
      sourcefile: 'entry.js',
    },
    outfile: join(out, 'library.js'),
  }),
  build({ ...options, entryPoints: ['cli/main.js'], outfile: join(out, 'cli.js') }),
]);

const library = require(join(out, 'library.js'));
// Node looks through the text of what ES modules import for names of exports: so they import a short file.
writeFileSync(
  join(out, 'load.js'),
  `const nest = require('./nest.js');
const whole = (imported) => imported.default ?? imported;
module.exports = function load(core, common) {
  nest['@nestjs/core'] ??= whole(core);
  nest['@nestjs/common'] ??= whole(common);
  return require('./library.js');
};
`,
);
for (const part of parts) {
  writeFileSync(join(out, `${part}.js`), `module.exports = require('./library.js').${part};\n`);
  writeFileSync(
    join(out, `${part}.mjs`),
    `import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import load from './load.js';
export const { ${Object.keys(library[part]).join(', ')} } = load(core, common).${part};
`,
  );
  writeFileSync(join(out, `${part}.d.mts`), `export * from '.${compiled(part)}';\n`);
}
