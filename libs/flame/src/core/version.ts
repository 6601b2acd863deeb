/** The version of this package. It is a constant and not read from package.json, so that it also exists in bundled apps. */
export const version = '0.1.0';
