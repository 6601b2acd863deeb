/** The version of this package: in code, and not read from package.json, so that it is still there when an app is bundled. */
export const version = '0.1.0';
