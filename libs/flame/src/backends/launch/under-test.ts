const testRunner =
  /[\\/]node_modules[\\/](vitest|jest|jest-[a-z-]+|mocha|ava|tap|@tapjs[\\/][a-z-]+|jasmine|playwright|cypress)[\\/]|[\\/]\.bin[\\/](vitest|jest|mocha|ava|tap|jasmine|playwright|cypress)$|[._-](test|spec|cy)\.[cm]?[jt]sx?$/;

/** The parts of a process that show whether a test runner runs in it. */
export interface TestEvidence {
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  /** Node's own list of the built-in modules that this process has loaded. It is not documented, so it may be missing. */
  readonly moduleLoadList?: readonly string[];
}

/**
 * Whether tests run in this process, so that its command line is not the app's. The decision uses the state of the process and not the
 * environment, because an app that a test starts inherits the environment.
 */
export function underTest(started: TestEvidence = process, globals: object = globalThis): boolean {
  return testRunner.test(started.argv[1] ?? '') || hasTestGlobals(globals) || usesNodeTest(started);
}

/**
 * Vitest's worker has a global named `__vitest_worker__`. Jest, Mocha and Jasmine define the globals `describe` and `it`. Jest's `expect`,
 * which Vitest also has, defines a symbol even if these globals are disabled. This detects test runners inside Nx, and test runners that
 * another script starts.
 */
function hasTestGlobals(globals: object): boolean {
  const { describe, it } = globals as { describe?: unknown; it?: unknown };
  return (
    '__vitest_worker__' in globals ||
    Symbol.for('$$jest-matchers-object') in globals ||
    (typeof describe === 'function' && typeof it === 'function')
  );
}

/** Whether this process runs with `node --test`, or has loaded `node:test`, as all files under `node --test` do. */
function usesNodeTest({ execArgv, moduleLoadList = [] }: TestEvidence): boolean {
  return (
    execArgv.some((flag) => flag === '--test' || flag.startsWith('--test-')) ||
    moduleLoadList.some((name) => name.endsWith('internal/test_runner/harness'))
  );
}
