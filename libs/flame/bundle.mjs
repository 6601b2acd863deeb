// Makes the files that apps load from what `nest build flame` has compiled. `entry/library.js` has the modules of `nestjs-flame` and those that
// several subpaths need. Each subpath of package.json has a file with the modules that only it needs. This file is the entry for `require`, and
// the entry for `import` exports the same. A subpath that is used without an app has a file with all modules that it needs.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const { dependencies, exports } = require('./package.json');
const dist = join(import.meta.dirname, 'dist');
const out = join(dist, 'entry');
/** The module that each subpath exports, by its path in `dist`. The first one is that of `nestjs-flame`. */
const parts = new Map(
  Object.entries(exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, { require }]) => [subpath.slice(2) || 'index', require.types.slice('./dist/'.length).replace('.d.ts', '.js')]),
);

/** Subpaths that load neither Nest nor `library.js`. Their state is global or their own. */
const alone = new Set(['inline', 'register', 'unplugin', 'jest']);

/**
 * By default Jest does not support `import()`. So dependencies, which are CommonJS, are loaded with `require`. Optional peers may be ES modules and keep
 * `import()`.
 */
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

/** Modules that the entry for `import` has loaded replace those that `require` would find, because a loader such as tsx loads Nest once for each format. */
const nestOfTheApp = {
  name: 'nest of the app',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@nestjs\/(core|common)$/ }, ({ path, namespace }) =>
      namespace === 'nest' ? undefined : { path, namespace: 'nest' },
    );
    onLoad({ filter: /.*/, namespace: 'nest' }, ({ path }) => ({
      contents: `module.exports = require('./nest.js').given['${path}'] ?? require('${path}');`,
      resolveDir: dist,
    }));
  },
};

/** The compile step has a file of its own, for all that use it. */
const fromCompiler = {
  name: 'from compiler',
  setup({ onResolve }) {
    onResolve({ filter: /\/inline-compiler\.js$/ }, () => ({ path: './compiler.js', external: true }));
  },
};

const options = {
  absWorkingDir: dist,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  external: ['./nest.js'],
  plugins: [requireDependencies, nestOfTheApp],
  logLevel: 'warning',
};

/**
 * Gives classes that refer to themselves their names back, which esbuild changes (`var A = class _A`). Its `keepNames` would also define the name of each
 * function that a call makes anew: 7 to 13 % of the CPU time of small calls.
 */
function restoreClassNames(file) {
  const text = readFileSync(file, 'utf8');
  const names = Array.from(text.matchAll(/\bvar (\w+) = class _\1\b/g), ([, name]) => name);
  if (names.length > 0) writeFileSync(file, text.replace(new RegExp(`\\b_(${names.join('|')})\\b`, 'g'), '$1'));
}

/** The modules that `module` imports, directly or indirectly, including itself, without modules of other packages. */
function reach(module, inputs, found = new Set()) {
  if (inputs[module] === undefined || found.has(module)) return found;
  found.add(module);
  for (const { path } of inputs[module].imports) reach(path, inputs, found);
  return found;
}

/** Makes the file of a subpath read modules of `library.js` from there. */
const fromLibrary = (inLibrary, taken) => ({
  name: 'from library',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^#library$/ }, () => ({ path: './library.js', external: true }));
    onResolve({ filter: /^\.|^@nestjs\/(core|common)$/ }, ({ path, resolveDir, namespace }) => {
      const module = path.startsWith('@') ? `nest:${path}` : relative(dist, join(resolveDir, path));
      if (namespace === 'library' || !inLibrary.has(module)) return undefined;
      taken.add(module);
      return { path: module, namespace: 'library' };
    });
    onLoad({ filter: /.*/, namespace: 'library' }, ({ path }) => ({ contents: `module.exports = require('#library')['${path}'];` }));
  },
});

const source = (contents) => ({ stdin: { contents, resolveDir: dist, sourcefile: 'entry.js' } });

rmSync(out, { recursive: true, force: true });
mkdirSync(out);

const together = [...parts].filter(([part]) => !alone.has(part)).map(([, module]) => module);
const everything = source(together.map((module) => `require('./${module}');`).join('\n'));
const { inputs } = (await build({ ...options, ...everything, write: false, metafile: true })).metafile;
const reached = together.map((module) => reach(module, inputs));
const inLibrary = new Set(
  Object.keys(inputs).filter((module) => reached[0].has(module) || reached.filter((set) => set.has(module)).length > 1),
);

/** The modules that the files of subpaths read from `library.js`. */
const taken = new Set([parts.get('index')]);
for (const [part, module] of parts) {
  if (part === 'index') continue;
  if (alone.has(part)) {
    await build({ ...options, entryPoints: [module], plugins: [fromCompiler], outfile: join(out, `${part}.js`) });
    continue;
  }
  await build({
    ...options,
    ...source(`module.exports = require('#library')['${module}'] ??= require('./${module}');`),
    plugins: [fromLibrary(inLibrary, taken), ...options.plugins],
    outfile: join(out, `${part}.js`),
  });
}
await build({
  ...options,
  ...source(`module.exports = require('./library.js').loadOnce({
    ${[...taken].map((module) => `get '${module}'() { return require('${module.startsWith('nest:') ? module.slice(5) : `./${module}`}'); },`).join('\n')}
  }, require('@nestjs/core'), require('@nestjs/common'));`),
  outfile: join(out, 'library.js'),
});
await build({ ...options, entryPoints: ['cli/main.js'], plugins: [fromCompiler, ...options.plugins], outfile: join(out, 'cli.js') });
// It runs on machines that have nothing but Node.
await build({ ...options, entryPoints: ['backends/ship/loader/load.js'], minify: true, sourcemap: false, outfile: join(out, 'loader.js') });
await build({
  ...options,
  entryPoints: ['bundle/start/start-bundle.js'],
  sourcemap: false,
  logOverride: { 'unsupported-dynamic-import': 'silent' },
  outfile: join(out, 'start-bundle.js'),
});
await build({ ...options, entryPoints: ['loaders/inline-compiler.js'], outfile: join(out, 'compiler.js') });
await build({
  ...options,
  ...source(`module.exports = require('./loaders/unplugin/webpack-loader.js').webpackLoader;`),
  plugins: [fromCompiler],
  outfile: join(out, 'unplugin-loader.js'),
});
for (const file of readdirSync(out).filter((name) => name.endsWith('.js'))) restoreClassNames(join(out, file));

writeFileSync(join(out, 'index.js'), `module.exports = require('./library.js')['${parts.get('index')}'];\n`);
writeFileSync(
  join(out, 'nest.js'),
  `const given = {};
const whole = (imported) => imported.default ?? imported;
exports.given = given;
exports.before = (load) => (core, common) => {
  given['@nestjs/core'] ??= whole(core);
  given['@nestjs/common'] ??= whole(common);
  return load();
};
`,
);
for (const [part, module] of parts) {
  writeFileSync(join(out, `${part}.d.mts`), `export * from '../${module}';\n`);
  if (part === 'register') {
    writeFileSync(join(out, 'register.mjs'), `import './register.js';\n`);
    continue;
  }
  const exported = require(join(out, `${part}.js`));
  const names = Object.keys(exported)
    .filter((name) => name !== 'default')
    .join(', ');
  if (alone.has(part)) {
    writeFileSync(join(out, `${part}.mjs`), `import part from './${part}.js';\nexport const { ${names} } = part;\n`);
    if (exported.default !== undefined) {
      appendFileSync(join(out, `${part}.mjs`), `export default part.default;\n`);
      appendFileSync(join(out, `${part}.d.mts`), `export { default } from '../${module}';\n`);
    }
    continue;
  }
  // Node searches the text of an imported CommonJS file for the names of its exports, so the ES modules import a short file.
  writeFileSync(join(out, `${part}.load.js`), `module.exports = require('./nest.js').before(() => require('./${part}.js'));\n`);
  writeFileSync(
    join(out, `${part}.mjs`),
    `import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import load from './${part}.load.js';
export const { ${names} } = load(core, common);
`,
  );
}
