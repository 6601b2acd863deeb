import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { badOption, show } from '../../core/options/option-reader.js';
import { thisSystem } from '../../system/system.js';
import { ownScript, realScript } from './own-script.js';

/** An app that processes below one of its runners must not start again. */
interface AncestorApp {
  /** The real path of the file that its runners start. */
  readonly entry: string;
  /** The folder of the package that the file belongs to. */
  readonly root: string;
  /** The digest of its handlers. */
  readonly handlers?: string;
  /** The runner's process id. Only the runner itself sets it. */
  readonly pid?: number;
}

/** All processes below a runner inherit this variable. It holds no secret. */
const variable = 'FLAME_ANCESTORS';
/** Upper limit for the ancestors of a process. Without it, a process table that changes while it is read could cause an endless loop. */
const mostAncestors = 64;

/** The variable for a runner of the app in `entry` with these handlers. `own` is the parent's environment. */
export function ancestorsFor(entry: string, handlers: string, own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return written(readApps(own[variable]), { ...appOf(entry), handlers });
}

/** Sets the variable, so that all processes that this runner starts inherit the app that the runner belongs to. */
export function markAsRunner(handlers: string, env: NodeJS.ProcessEnv = process.env): void {
  Object.assign(env, written(readApps(env[variable]), { ...appOf(ownScript()), handlers, pid: process.pid }));
}

/**
 * Refuses to start an app below a runner of the same app. Two apps are the same if they share the entry, the handlers, or the runner's
 * process (a thread of it). Such an app would boot runners that start it again. In-place execution is no alternative, because each runner
 * would then do what only a parent should do.
 *
 * @throws {FlameError} FLAME_CONFIG that names the app and the fix.
 */
export function refuseBelowOwnRunner(handlers: string): void {
  const own = appOf(ownScript());
  const above = [process.env[variable], ...fromAncestors()].flatMap(readApps);
  const same = above.find(
    (app) => app.root === own.root && (app.entry === own.entry || app.handlers === handlers || app.pid === process.pid),
  );
  if (!same) return;
  throw badOption(
    'FlameModule',
    `opens no pools here: a runner of the app ${show(same.entry)} started this process or thread, which loads the same app, and a runner must not become a parent`,
    'Start it only if (!FlameParent.get()).',
  );
}

function appOf(script: string | undefined): AncestorApp {
  const entry = script === undefined ? '' : found(script);
  return { entry, root: packageRoot(entry === '' ? process.cwd() : dirname(entry)) };
}

function found(script: string): string {
  try {
    return realScript(script);
  } catch {
    // A loader may be able to start a script that is not a file.
    return script;
  }
}

/** The folder itself if it belongs to no package. */
function packageRoot(folder: string): string {
  let root = folder;
  while (!existsSync(join(root, 'package.json'))) {
    if (dirname(root) === root) return folder;
    root = dirname(root);
  }
  return root;
}

function written(apps: readonly AncestorApp[], app: AncestorApp): Record<string, string> {
  const others = apps.filter(({ entry, root }) => entry !== app.entry || root !== app.root);
  return { [variable]: JSON.stringify([...others, app]) };
}

function readApps(text = '[]'): readonly AncestorApp[] {
  try {
    const apps: unknown = JSON.parse(text);
    return Array.isArray(apps) ? apps.filter((app) => typeof app === 'object' && app !== null) : [];
  } catch {
    return [];
  }
}

/**
 * The value of the variable that this process and its ancestors had when they started. It is needed because the app may have been started
 * with an environment of its own. Linux only.
 */
function fromAncestors(): (string | undefined)[] {
  const texts = [];
  for (let pid = process.pid, steps = 0; pid > 1 && steps < mostAncestors; pid = parentOf(pid), steps++) texts.push(startedWith(pid));
  return texts;
}

function startedWith(pid: number): string | undefined {
  const env = thisSystem().processFile(pid, 'environ').split('\0');
  return env.find((text) => text.startsWith(`${variable}=`))?.slice(variable.length + 1);
}

function parentOf(pid: number): number {
  const stat = thisSystem().processFile(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}
