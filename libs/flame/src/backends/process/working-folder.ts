import { existsSync } from 'node:fs';
import { BootError } from '../../core/errors/boot-error.js';

/**
 * Refuses a boot in a folder that does not exist. Otherwise the system would say that Node does not exist, and a Node in a removed folder that
 * it finds no packages.
 *
 * @throws {BootError} that names the folder and the fix.
 */
export function refuseMissingFolder(cwd: string | undefined): void {
  if (cwd !== undefined) {
    if (!existsSync(cwd)) throw missing(`ProcessBackend.cwd is ${cwd}, and there is no such folder. Correct it, or create the folder`);
    return;
  }
  const own = ownFolder();
  if (own === undefined || !existsSync(own))
    throw missing(
      `the folder of this process (process.cwd()${own === undefined ? '' : `, ${own}`}) was removed. Restart the app, or set ProcessBackend's option cwd`,
    );
}

function missing(problem: string): BootError {
  return new BootError(`process: ${problem}`, { phase: 'create', fatal: true });
}

/** Node throws when it asks for a removed folder for the first time, and then remembers its name. */
function ownFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
