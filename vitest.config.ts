import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

const library = `${import.meta.dirname}/libs/flame/src`;

interface Kind {
  built?: boolean;
  /** Speaks to programs of the system, which are installed where they are missing. */
  programs?: boolean;
  timeout?: number;
  /** Tries the packed library. */
  packed?: boolean;
  /** A global set-up of its own, after the others. */
  setup?: string;
  /** The engine that these run beside; rules of the conformance suite find their backend by it. */
  engine?: string;
  /** The rules to try on that engine, beside its own tests. */
  rules?: string;
}

/** One project per kind of test; `npx vitest run --project unit` runs one alone. */
function project(name: string, include: string, more: Kind = {}): TestProjectConfiguration {
  return {
    extends: true,
    test: {
      name,
      include: more.rules ? [include, more.rules] : [include],
      env: more.engine ? { FLAME_ENGINE: more.engine } : {},
      globalSetup: [
        ...(more.built ? ['test/support/build-once.ts'] : []),
        ...(more.programs ? ['test/support/debian-tools.ts'] : []),
        ...(more.packed ? ['test/package/pack.ts'] : []),
        ...(more.setup ? [more.setup] : []),
      ],
      testTimeout: more.timeout ?? 30_000,
      hookTimeout: more.timeout ?? 30_000,
      // Real processes on a shared machine: CI gives a test a second try, and vitest's report names those that needed it.
      retry: more.built && process.env['CI'] ? 1 : 0,
    },
  };
}

/** The rules that hold on a platform of its own: all but those for several processes of one host's machine, which look into its process table. */
const elsewhere = process.env['FLAME_RULES'] ?? 'test/conformance/!(a-machine)*.spec.ts';

export default defineConfig({
  // Nest reads types from decorator metadata.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-flame$/, replacement: `${library}/index.ts` },
      { find: /^nestjs-flame\/(docker|fly|kubernetes)$/, replacement: `${library}/backends/$1/index.ts` },
      { find: /^nestjs-flame\/(\w+)$/, replacement: `${library}/$1/index.ts` },
    ],
  },
  test: {
    restoreMocks: true,
    projects: [
      project('unit', 'libs/flame/src/**/*.spec.ts'),
      project('demo', 'apps/demo/src/**/*.spec.ts', { timeout: 30_000 }),
      project('repository', 'test/repository/**/*.spec.ts', { timeout: 60_000 }),
      project('simulation', 'test/simulation/**/*.spec.ts', { timeout: 120_000 }),
      project('fuzz', 'test/fuzz/**/*.spec.ts', { timeout: 60_000 }),
      project('contracts', 'test/contracts/**/*.spec.ts', { built: true, timeout: 30_000 }),
      project('conformance', 'test/conformance/**/*.spec.ts', { built: true, timeout: 30_000 }),
      project('e2e', 'test/e2e/*.spec.ts', { built: true, programs: true, timeout: 60_000 }),
      // Beside a stand-in of Fly's API, which needs nothing but this host: a part of the rules, and by another name all of them.
      project('fly', 'test/engines/fly/**/*.spec.ts', {
        engine: 'fly',
        rules: 'test/conformance/{calls-run-on-runners,a-lost-runner-fails-its-calls}.spec.ts',
        built: true,
        timeout: 60_000,
      }),
      project('engine-fly', elsewhere, { engine: 'fly', built: true, timeout: 120_000 }),
      project('conformance-loopback', 'test/engines/loopback/*.spec.ts', {
        engine: 'loopback',
        rules: 'test/conformance/**/*.spec.ts',
        built: true,
      }),
      project('browser', 'test/browser/**/*.spec.ts', { built: true, timeout: 120_000 }),
      project('engine-docker', 'test/engines/docker/**/*.spec.ts', { engine: 'docker', rules: elsewhere, built: true, timeout: 120_000 }),
      // A pod takes longer to go than a container.
      project('engine-kubernetes', 'test/engines/kubernetes/**/*.spec.ts', {
        engine: 'kubernetes',
        rules: elsewhere,
        built: true,
        timeout: 180_000,
      }),
      project('package', 'test/package/**/*.spec.ts', { packed: true, timeout: 600_000 }),
      project('real-world', 'test/apps/real-world/*.spec.ts', {
        programs: true,
        packed: true,
        setup: 'test/apps/real-world/support/build-apps.ts',
        timeout: 120_000,
      }),
    ],
  },
});
