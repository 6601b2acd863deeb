import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { AppBuild } from '../../backends/launch/app-build.js';
import { bundleFolder } from '../../backends/launch/runner-bundle.js';
import { AppBundler, BundleError } from '../../bundle/build/app-bundler.js';
import type { AppBundle } from '../../bundle/build/app-bundler.js';
import { writeBundle } from '../../bundle/build/bundle-folder.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { findEntry } from '../app-entry.js';

export interface BundleOptions {
  /** Names of packages that stay in node_modules. */
  readonly external?: readonly string[];
}

type Print = (text: string) => void;

/**
 * Makes one file of the app for its runners, in the folder `.flame` of the build.
 *
 * Resolves to the exit code: 0 if the bundle was written, 1 if the app cannot be bundled, 2 if there is no built app.
 */
export async function bundleApp(entry: string | undefined, options: BundleOptions, print: Print = console.error): Promise<number> {
  const began = performance.now();
  let main: string;
  try {
    main = realpathSync(findEntry(entry));
  } catch (error) {
    print((error as Error).message);
    return 2;
  }
  const build = AppBuild.read(main);
  if (build === undefined) {
    print(
      `${main} is not the main file of a built app: pass a compiled file in a folder below the app's package.json, such as dist/main.js`,
    );
    return 2;
  }
  const folder = bundleFolder(build);
  try {
    const bundle = await new AppBundler(main, folder, options.external).bundle();
    for (const text of [...bundle.warnings, ...notes(bundle)]) print(text);
    const { bytes } = writeBundle(bundle, folder, main, build);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    print(
      `bundled ${bundle.files.length} files of ${relative(process.cwd(), main)} in ${relative(process.cwd(), folder)}: ${(bytes / 1e6).toFixed(1)} MB (${seconds} s)`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof BundleError || error instanceof FlameError)) throw error;
    print(error.message);
    return 1;
  }
}

/** What these patch, they patch when it is required. */
const patching = ['require-in-the-middle', 'import-in-the-middle'];

function notes({ external, awaits, packages }: AppBundle): string[] {
  const found = Array.from(external, ([name, reason]) => (reason === 'named' ? name : `${name} (${reason})`));
  const outside = found.length === 0 ? [] : [`not in the bundle, so runners need them in node_modules: ${found.join(', ')}`];
  for (const { name = '' } of packages.values())
    if (patching.includes(name))
      outside.push(
        `${name} changes packages when Node loads them, and cannot change those in the bundle: keep the packages that it must change outside, with --external`,
      );
  if (awaits === undefined) return outside;
  return [
    ...outside,
    `${awaits} awaits at the top level of a module, so the bundle is an ES module, which Node before 22.8 compiles again for each runner. To save that time, move the await into a function.`,
  ];
}
