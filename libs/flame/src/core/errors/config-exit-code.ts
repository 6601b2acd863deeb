/**
 * The exit code of a runner that ends because the app or its options are wrong, so that a retry would fail in the same way. It is
 * `EX_CONFIG` of sysexits(3).
 */
export const configExitCode = 78;
