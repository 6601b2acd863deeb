'use strict';
// What `nest add nestjs-flame` does after the package is installed. It needs nothing but the app's own TypeScript: a schematic is a function
// of the app's files.
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { peerDependencies } = require('../../package.json');
const { withImport, withModule } = require('./module-source.js');

const backends = {
  process: { name: 'ProcessBackend', from: 'nestjs-flame' },
  local: { name: 'LocalBackend', from: 'nestjs-flame' },
  docker: { name: 'DockerBackend', from: 'nestjs-flame/docker', needs: 'dockerode' },
  kubernetes: { name: 'KubernetesBackend', from: 'nestjs-flame/kubernetes', needs: '@kubernetes/client-node' },
  fly: { name: 'FlyBackend', from: 'nestjs-flame/fly' },
};

/** The schematic. Running it twice changes nothing. */
exports.nestAdd = function nestAdd({ backend = 'process', pool = 'work', sourceRoot = 'src', module = `${sourceRoot}/app.module.ts` }) {
  return (tree, context) => {
    const chosen = backends[backend];
    if (!chosen) throw new Error(`--backend=${backend} is none of ${Object.keys(backends).join(', ')}`);
    if (!tree.exists(module)) throw new Error(`There is no ${module}. Name the file of the root module: nest add nestjs-flame --module=…`);
    addModule(tree, context, module, chosen, pool);
    addShutdownHooks(tree, context, `${sourceRoot}/main.ts`);
    if (chosen.needs) addPackage(tree, context, chosen.needs);
    return tree;
  };
};

function addModule(tree, { logger }, path, { name, from }, pool) {
  const before = tree.readText(path);
  if (/\bFlameModule\b/.test(before)) return void logger.info(`${path} has FlameModule already`);
  const ts = createRequire(join(process.cwd(), 'package.json'))('typescript');
  // Other platforms are for production; tests and development use processes, and in a test these run in the test's own.
  const platform = from !== 'nestjs-flame';
  const made = platform ? `process.env.NODE_ENV === 'production' ? new ${name}() : new ProcessBackend()` : `new ${name}()`;
  const after = withModule(ts, before, `FlameModule.forRoot([{ name: '${pool}', max: 4 }], { backend: ${made} })`);
  if (after === undefined)
    throw new Error(`${path} has no class with @Module({ … }). Name the file of the root module: nest add nestjs-flame --module=…`);
  const names = ['FlameModule', platform ? 'ProcessBackend' : name];
  const imported = withImport(ts, after, names, 'nestjs-flame');
  tree.overwrite(path, platform ? withImport(ts, imported, [name], from) : imported);
}

function addShutdownHooks(tree, { logger }, path) {
  const before = tree.exists(path) ? tree.readText(path) : '';
  if (before.includes('enableShutdownHooks')) return;
  const after = before.replace(/^([ \t]*)(?=await (\w+)\.listen\()/m, '$1$2.enableShutdownHooks();\n$1');
  if (after !== before) return void tree.overwrite(path, after);
  logger.warn(
    `Call app.enableShutdownHooks() before app.listen(), so that runners get time to finish when the app stops. ${path} has no such line.`,
  );
}

function addPackage(tree, context, name) {
  const manifest = JSON.parse(tree.readText('package.json'));
  if (manifest.dependencies?.[name] || manifest.devDependencies?.[name]) return;
  const range = peerDependencies[name];
  const dependencies = Object.entries({ ...manifest.dependencies, [name]: range }).sort(([a], [b]) => (a < b ? -1 : 1));
  tree.overwrite('package.json', `${JSON.stringify({ ...manifest, dependencies: Object.fromEntries(dependencies) }, undefined, 2)}\n`);
  const packageManager = tree.exists('pnpm-lock.yaml') ? 'pnpm' : tree.exists('yarn.lock') ? 'yarn' : 'npm';
  context.addTask({ toConfiguration: () => ({ name: 'node-package', options: { command: 'install', packageManager } }) });
}
