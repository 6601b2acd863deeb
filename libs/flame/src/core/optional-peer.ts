import { FlameError } from './errors/flame-error.js';

/**
 * Loads an optional library on its first use. `load` contains the `import()` with a literal name, so that bundlers see it.
 *
 * @throws {FlameError} FLAME_CONFIG that names the package to install, if it is not installed.
 */
export async function importPeer<T>(asker: string, library: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // If the library itself lacks a module, its own error is the more precise one.
    const missing = (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${library}'`);
    if (!missing) throw new FlameError('FLAME_CONFIG', `${asker} cannot load ${library}: ${message}`, { cause: error });
    throw new FlameError(
      'FLAME_CONFIG',
      `${asker} needs the package ${library}, which is not installed. Install it beside nestjs-flame: npm install ${library}`,
      { cause: error },
    );
  }
}
