import { FlameError } from './errors/flame-error.js';

/**
 * Loads a library that only some apps need, when it is first needed. `load` holds the `import()` itself, with the name written out, so that
 * bundlers see it.
 *
 * @throws {FlameError} FLAME_CONFIG that says what to install, when it is not there.
 */
export async function importPeer<T>(asker: string, library: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // What the library itself lacks is another matter: its own error says that best.
    const missing = (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${library}'`);
    if (!missing) throw new FlameError('FLAME_CONFIG', `${asker} cannot load ${library}: ${message}`, { cause: error });
    throw new FlameError(
      'FLAME_CONFIG',
      `${asker} needs the package ${library}, which is not installed. Install it beside nestjs-flame: npm install ${library}`,
      { cause: error },
    );
  }
}
