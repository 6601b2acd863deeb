'use strict';
// What `nest add nestjs-flame` does after the package is installed. It needs nothing but the app's own TypeScript and RxJS: a schematic is a
// function of the app's files.
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { peerDependencies } = require('../../package.json');
const { of } = require('rxjs');
const { withImport, withModule } = require('./module-source.js');

const backends = {
  process: { name: 'ProcessBackend', from: 'nestjs-flame' },
  local: { name: 'LocalBackend', from: 'nestjs-flame' },
  docker: { name: 'DockerBackend', from: 'nestjs-flame/docker', needs: 'dockerode' },
  kubernetes: { name: 'KubernetesBackend', from: 'nestjs-flame/kubernetes', needs: '@kubernetes/client-node' },
  fly: { name: 'FlyBackend', from: 'nestjs-flame/fly' },
};

/** The schematic. Running it twice changes nothing, and asks for nothing. */
exports.nestAdd = function nestAdd(options) {
  const { backend, sourceRoot = 'src', module = `${sourceRoot}/app.module.ts` } = options;
  return (tree, context) => {
    if (backend !== undefined && !backends[backend]) throw new Error(`--backend=${backend} is none of ${Object.keys(backends).join(', ')}`);
    if (!tree.exists(module)) throw new Error(`There is no ${module}. Name the file of the root module: nest add nestjs-flame --module=…`);
    addShutdownHooks(tree, context, `${sourceRoot}/main.ts`);
    if (/\bFlameModule\b/.test(tree.readText(module))) return explainChange(tree, context, module, backends[backend]);
    // Schematics ask before they see a file. So the one that asks is another one.
    return context.schematic.collection.createSchematic('add-module', true).call({ ...options, module }, of(tree), context);
  };
};

/** Adds the module where there is none. */
exports.addModule = function addModule({ backend, pool, module, skipInstall, s }) {
  return (tree, context) => {
    const chosen = backends[backend];
    importModule(tree, module, chosen, pool);
    if (chosen.needs) addPackage(tree, context, chosen.needs, skipInstall || s);
    for (const step of nextSteps(pool, chosen)) context.logger.info(step);
    return tree;
  };
};

/** Says what to write by hand: an app's own FlameModule is not changed. */
function explainChange(tree, { logger }, path, chosen) {
  logger.info(`${path} has FlameModule already`);
  if (!chosen || tree.readText(path).includes(chosen.name)) return tree;
  logger.warn(`${path} is not changed to ${chosen.name}. Write by hand: import { ${chosen.name} } from '${chosen.from}';`);
  logger.warn(`  FlameModule.forRoot(pools, { backend: ${made(chosen)} })`);
  if (chosen.needs) logger.warn(`and install ${chosen.needs}`);
  return tree;
}

function nextSteps(pool, { name }) {
  const runners = name === 'LocalBackend' ? 'Before runners are processes' : 'Runners boot the whole app';
  return [
    `Next: 1. Put @OnFlame('${pool}') on an async method of a provider. Its calls run on runners: docs/calling.md`,
    `      2. Start the app, and call that method: curl localhost:3000/… for one that a controller calls.`,
    `      3. ${runners}: keep controllers, queue consumers and cron jobs out of them, with FlameParent.unlessRunner([…]): docs/runners.md`,
  ];
}

// Other platforms are for production; tests and development use processes, and in a test these run in the test's own.
const isPlatform = ({ from }) => from !== 'nestjs-flame';
const made = (chosen) =>
  isPlatform(chosen) ? `process.env.NODE_ENV === 'production' ? new ${chosen.name}() : new ProcessBackend()` : `new ${chosen.name}()`;

function importModule(tree, path, chosen, pool) {
  const before = tree.readText(path);
  const ts = createRequire(join(process.cwd(), 'package.json'))('typescript');
  const after = withModule(ts, before, moduleLines(pool, chosen));
  if (after === undefined)
    throw new Error(`${path} has no class with @Module({ … }). Name the file of the root module: nest add nestjs-flame --module=…`);
  const platform = isPlatform(chosen);
  const imported = withImport(ts, after, ['FlameModule', platform ? 'ProcessBackend' : chosen.name], 'nestjs-flame');
  tree.overwrite(path, platform ? withImport(ts, imported, [chosen.name], chosen.from) : imported);
}

/** The module's lines, as Prettier breaks them at 80 columns: `nest new` makes it the linter's rule. */
function moduleLines(pool, chosen) {
  const pools = `[{ name: '${pool}', max: 4, maxConcurrency: 1 }]`;
  const backend = isPlatform(chosen)
    ? ['backend:', `  process.env.NODE_ENV === 'production'`, `    ? new ${chosen.name}()`, `    : new ProcessBackend(),`]
    : [`backend: new ${chosen.name}(),`];
  const inside = (lines) => lines.map((line) => `  ${line}`);
  const first = `FlameModule.forRoot(${pools}, {`;
  if (first.length <= 76) return [first, ...inside(backend), '})'];
  return ['FlameModule.forRoot(', ...inside([`${pools},`, '{', ...inside(backend), '},']), ')'];
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

function addPackage(tree, context, name, skipInstall) {
  const manifest = JSON.parse(tree.readText('package.json'));
  if (manifest.dependencies?.[name] || manifest.devDependencies?.[name]) return;
  const range = peerDependencies[name];
  const dependencies = Object.entries({ ...manifest.dependencies, [name]: range }).sort(([a], [b]) => (a < b ? -1 : 1));
  tree.overwrite('package.json', `${JSON.stringify({ ...manifest, dependencies: Object.fromEntries(dependencies) }, undefined, 2)}\n`);
  if (skipInstall) return void context.logger.info(`package.json has ${name} now: install it`);
  const packageManager = tree.exists('pnpm-lock.yaml') ? 'pnpm' : tree.exists('yarn.lock') ? 'yarn' : 'npm';
  context.addTask({ toConfiguration: () => ({ name: 'node-package', options: { command: 'install', packageManager } }) });
}
