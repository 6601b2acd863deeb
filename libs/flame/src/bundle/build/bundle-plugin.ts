import { isBuiltin } from 'node:module';
import type { OnResolveResult, Plugin } from 'esbuild';
import type { ExternalPackages } from './external-packages.js';
import type { SourceFiles } from './source-files.js';

/** The namespace of imports that a runner resolves. */
const atRunTime = 'flame-run-time';
/** Packages that this library loads in parents, and never in runners. */
const ofParents: ReadonlySet<string> = new Set(['@kubernetes/client-node', 'dockerode', 'esbuild', 'selfsigned', 'ssh2']);
const asked = Symbol('asked');

/** What the plugin found out. */
export interface Resolved {
  /** A file of each package that stays outside of the bundle, as the importing files find it. */
  readonly outside: Set<string>;
  /** What this library loads for runners that ask for it. */
  readonly onDemand: Set<string>;
}

/**
 * Makes esbuild read an app's files as a runner would load them. Imports of packages that stay outside, of native addons and of modules that
 * are not installed are left to the runner, which resolves them from the importing file; a module that is not there fails where and when it
 * would without a bundle.
 */
export function bundlePlugin(files: SourceFiles, packages: ExternalPackages, { outside, onDemand }: Resolved): Plugin {
  return {
    name: 'nestjs-flame bundle',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, importer, namespace, resolveDir, kind, pluginData, with: attributes }) => {
        if (pluginData === asked || kind === 'entry-point' || namespace === atRunTime || isBuiltin(path)) return undefined;
        // The clients of platforms, which only parents use, and what else this library loads only for those who ask for it.
        if (kind === 'dynamic-import' && files.isOfLibrary(importer)) {
          if (!path.startsWith('.') && !ofParents.has(path)) onDemand.add(path);
          return { path, external: true };
        }
        const found = await build.resolve(path, { importer, namespace, resolveDir, kind, pluginData: asked, with: attributes });
        const file = found.errors.length === 0 ? found.path : undefined;
        if (file !== undefined && !file.endsWith('.node')) {
          // With a path from here esbuild would not know the type of the file's package.
          if (!packages.has(file)) return undefined;
          outside.add(file);
        }
        if (kind === 'dynamic-import') return { path: file === undefined ? path : `./${files.placeOf(file)}`, external: true };
        return leftToRunner(path, files.placeOf(importer));
      });
      build.onLoad({ filter: /.*/, namespace: atRunTime }, ({ pluginData }) => {
        const { specifier, importer } = pluginData as { specifier: string; importer: string };
        return { contents: `module.exports = __flame.require(${JSON.stringify(importer)})(${JSON.stringify(specifier)});` };
      });
      build.onLoad({ filter: /\.[cm]?js$/ }, ({ path }) => ({ contents: files.read(path), loader: 'js' }));
    },
  };
}

function leftToRunner(specifier: string, importer: string): OnResolveResult {
  return { path: `${specifier} of ${importer}`, namespace: atRunTime, pluginData: { specifier, importer } };
}
