import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { inlinePlugin } from './test/support/inline-plugin.js';

const library = `${import.meta.dirname}/libs/flame/src`;

/** Groups run one after the other, the files of a group two at a time. */
const group = { compute: 0, rules: 1, processes: 2 };

interface Kind {
  /** @default compute */
  group?: keyof typeof group;
  /** One file at a time, after all groups: tests that depend on real time, take both processors or share an engine. */
  alone?: boolean;
  /** Files share a process and the modules that it loaded. Saves half the time where files are many and small. */
  shared?: boolean;
  /** Starts processes, which run compiled code. */
  built?: boolean;
  /** Speaks to programs of the system, which are installed where they are missing. */
  programs?: boolean;
  timeout?: number;
  /** Its sources have inline functions. */
  inline?: boolean;
  /** Tests the packed library. */
  packed?: boolean;
  /** A global set-up of its own, after the others. */
  setup?: string;
  /** The engine that these run beside; rules of the conformance suite find their backend by it. */
  engine?: string;
  /** The rules to test on that engine, beside its own tests. */
  rules?: string;
}

/** One project per kind of test; `npx vitest run --project unit` runs one alone. */
function project(name: string, include: string, more: Kind = {}): TestProjectConfiguration {
  return {
    extends: true,
    plugins: more.inline ? [inlinePlugin()] : [],
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
      isolate: !more.shared,
      // Vitest runs projects of one worker last.
      ...(more.alone ? { maxWorkers: 1 } : { sequence: { groupOrder: group[more.group ?? 'compute'] } }),
    },
  };
}

/** The tests of `test/e2e` that `npm test` runs: a call's way, the ends of runners and parents, the README's examples. */
const first = [
  'changed-builds',
  'children-example',
  'leaving',
  'orphaned-children',
  'own-processors',
  'parent-killed',
  'process-backend',
  'readme',
  'resources-example',
  'rpc-dns',
  'session-cut',
  'testing-app-example',
  'testing-example',
  'tracing',
  'values-example',
  'what-stays',
].join('|');

/** Those that depend on real time or take both processors. */
const alone = ['debugging', 'paused-parent', 'rpc-cut-network', 'saturation', 'stress', 'vs-code', 'watchdog'].join('|');

/** The rules that hold on a platform of its own: all but those for several processes of one host's machine, which look into its process table. */
const elsewhere = process.env['FLAME_RULES'] ?? 'test/conformance/!(a-machine)*.spec.ts';

export default defineConfig({
  // Nest reads types from decorator metadata.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-flame$/, replacement: `${library}/index.ts` },
      { find: /^nestjs-flame\/(docker|fly|kubernetes|ssh)$/, replacement: `${library}/backends/$1/index.ts` },
      { find: /^nestjs-flame\/(jest|register|unplugin)$/, replacement: `${library}/loaders/$1/index.ts` },
      { find: /^nestjs-flame\/(\w+)$/, replacement: `${library}/$1/index.ts` },
    ],
  },
  test: {
    restoreMocks: true,
    maxWorkers: 2,
    projects: [
      project('unit', 'libs/flame/src/**/*.spec.ts', { shared: true }),
      project('demo', 'apps/demo/src/**/*.spec.ts', { inline: true }),
      project('repository', 'test/repository/**/*.spec.ts', { timeout: 60_000 }),
      project('simulation', 'test/simulation/!(planted-faults).spec.ts', { timeout: 120_000 }),
      project('planted-faults', 'test/simulation/planted-faults.spec.ts', { timeout: 120_000 }),
      project('fuzz', 'test/fuzz/**/*.spec.ts', { timeout: 60_000 }),
      project('contracts', 'test/contracts/**/*.spec.ts', { group: 'rules', built: true }),
      project('conformance', 'test/conformance/**/*.spec.ts', { group: 'rules', built: true }),
      project('conformance-loopback', 'test/engines/loopback/*.spec.ts', {
        group: 'rules',
        engine: 'loopback',
        rules: 'test/conformance/**/*.spec.ts',
        built: true,
      }),
      // Beside a stand-in of Fly's API, which needs nothing but this host: a part of the rules, and by another name all of them.
      project('fly', 'test/engines/fly/**/*.spec.ts', {
        group: 'processes',
        engine: 'fly',
        rules: 'test/conformance/{calls-run-on-runners,a-lost-runner-fails-its-calls}.spec.ts',
        built: true,
        timeout: 60_000,
      }),
      project('engine-fly', elsewhere, { group: 'processes', engine: 'fly', built: true, timeout: 120_000 }),
      // Beside real SSH servers on this host: a part of the rules, and by another name all of them.
      project('ssh', 'test/engines/ssh/**/*.spec.ts', {
        group: 'processes',
        engine: 'ssh',
        rules: 'test/conformance/{calls-run-on-runners,a-lost-runner-fails-its-calls}.spec.ts',
        built: true,
        programs: true,
        timeout: 60_000,
      }),
      project('engine-ssh', elsewhere, { group: 'processes', engine: 'ssh', built: true, programs: true, timeout: 60_000 }),
      project('e2e', `test/e2e/@(${first}).spec.ts`, { group: 'processes', built: true, programs: true, timeout: 60_000 }),
      project('e2e-rest', `test/e2e/!(${first}|${alone}).spec.ts`, { group: 'processes', built: true, programs: true, timeout: 60_000 }),
      project('e2e-alone', `test/e2e/@(${alone}).spec.ts`, { alone: true, built: true, programs: true, timeout: 60_000 }),
      project('browser', 'test/browser/**/*.spec.ts', { alone: true, built: true, timeout: 120_000 }),
      // On an engine the rules run two files at a time, as each has pools of its own; its own tests, which look at all of the engine, run alone.
      project('engine-docker-rules', elsewhere, {
        group: 'processes',
        engine: 'docker',
        built: true,
        setup: 'test/engines/docker/network.ts',
        timeout: 120_000,
      }),
      project('engine-docker', 'test/engines/docker/**/*.spec.ts', {
        alone: true,
        engine: 'docker',
        built: true,
        setup: 'test/engines/docker/network.ts',
        timeout: 120_000,
      }),
      // A pod takes longer to go than a container.
      project('engine-kubernetes-rules', elsewhere, { group: 'processes', engine: 'kubernetes', built: true, timeout: 180_000 }),
      project('engine-kubernetes', 'test/engines/kubernetes/**/*.spec.ts', {
        alone: true,
        engine: 'kubernetes',
        built: true,
        timeout: 180_000,
      }),
      project('package', 'test/package/**/*.spec.ts', { alone: true, packed: true, timeout: 600_000 }),
      project('real-world', 'test/apps/real-world/*.spec.ts', {
        alone: true,
        programs: true,
        packed: true,
        setup: 'test/apps/real-world/support/build-apps.ts',
        timeout: 120_000,
      }),
    ],
  },
});
