const testRunner =
  /[\\/]node_modules[\\/](vitest|jest|jest-[a-z-]+|mocha|ava|tap)[\\/]|[\\/]\.bin[\\/](vitest|jest|mocha|ava|tap)$|[._-](test|spec)\.[cm]?[jt]s$/;

/**
 * Whether a test runner started this process, so that its command line is not the app's. Judged by the script and not by the environment,
 * which an app that a test started has inherited.
 */
export function underTest(script = process.argv[1] ?? ''): boolean {
  return testRunner.test(script);
}
