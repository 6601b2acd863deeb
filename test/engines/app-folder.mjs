// usage: node app-folder.mjs OUT WORKSPACE… [+PACKAGE…]: a folder with built workspaces of this repository and what they need to run, as `npm ci --omit=dev`
// leaves it in an image, from what is installed here already. `+` names packages beside, such as optional peers.
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const root = realpathSync(join(import.meta.dirname, '../..'));
const [, , out, ...names] = process.argv;
const seen = new Set();

for (const name of names) take(name.replace(/^\+/, ''), root);
cpSync(join(root, 'package.json'), join(out, 'package.json'));

/** Copies a package as a folder finds it, and then all that it needs. */
function take(name, from) {
  const link = find(name, from);
  if (link === undefined) throw new Error(`${name}, which ${from} needs, is not installed`);
  const folder = realpathSync(link);
  if (link !== folder) linkTo(link, folder);
  if (seen.has(folder)) return;
  seen.add(folder);
  const info = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const place = join(out, relative(root, folder));
  const ours = !folder.includes('/node_modules/');
  const wanted = (path) => basename(path) !== 'node_modules' && !/\.(d\.ts|map|md)$/.test(path);
  for (const part of ours ? ['package.json', 'dist'] : ['.'])
    cpSync(join(folder, part), join(place, part), { recursive: true, filter: (path) => path === join(folder, part) || wanted(path) });
  const peers = Object.keys(info.peerDependencies ?? {}).filter((peer) => !info.peerDependenciesMeta?.[peer]?.optional);
  for (const need of [...Object.keys(info.dependencies ?? {}), ...peers]) take(need, folder);
  // Packages for other platforms are not there.
  for (const need of Object.keys(info.optionalDependencies ?? {})) if (find(need, folder)) take(need, folder);
}

function find(name, from) {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(path)) return path;
  }
  return undefined;
}

/** A workspace is found by way of a link. */
function linkTo(link, folder) {
  const place = join(out, relative(root, link));
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(relative(dirname(link), folder), place);
}
