const testRunner =
  /[\\/]node_modules[\\/](vitest|jest|jest-[a-z-]+|mocha|ava|tap|@tapjs[\\/][a-z-]+|jasmine|playwright|cypress)[\\/]|[\\/]\.bin[\\/](vitest|jest|mocha|ava|tap|jasmine|playwright|cypress)$|[._-](test|spec|cy)\.[cm]?[jt]sx?$/;

/** What of a process says whether a test runner is in it. */
export interface TestEvidence {
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  /** Node's own list of the built-in modules that this process has loaded; not documented, so it may be missing. */
  readonly moduleLoadList?: readonly string[];
}

/**
 * Whether tests run in this process, so that its command line is not the app's. Judged by what is in the process and not by the
 * environment, which an app that a test started has inherited.
 */
export function underTest(started: TestEvidence = process, globals: object = globalThis): boolean {
  return testRunner.test(started.argv[1] ?? '') || hasTestGlobals(globals) || usesNodeTest(started);
}

/**
 * Vitest's worker has a global of that name. Jest, Mocha and Jasmine put `describe` and `it` there, and Jest's `expect`, which Vitest has
 * too, a symbol that is there also without them. This is how they are seen inside of Nx and of scripts that start them.
 */
function hasTestGlobals(globals: object): boolean {
  const { describe, it } = globals as { describe?: unknown; it?: unknown };
  return (
    '__vitest_worker__' in globals ||
    Symbol.for('$$jest-matchers-object') in globals ||
    (typeof describe === 'function' && typeof it === 'function')
  );
}

/** With `node --test` in this very process, or `node:test` loaded, which `node --test` has each of its files do. */
function usesNodeTest({ execArgv, moduleLoadList = [] }: TestEvidence): boolean {
  return (
    execArgv.some((flag) => flag === '--test' || flag.startsWith('--test-')) ||
    moduleLoadList.some((name) => name.endsWith('internal/test_runner/harness'))
  );
}
