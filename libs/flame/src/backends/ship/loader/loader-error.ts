import { configExitCode } from '../../../core/errors/config-exit-code.js';

/** Why the code cannot be run on this machine: one line, which the loader prints. */
export class LoaderError extends Error {
  override readonly name = 'LoaderError';
  readonly exitCode: number;

  /** `fatal`: another attempt would end in the same way. */
  constructor(message: string, fatal = false) {
    super(message);
    this.exitCode = fatal ? configExitCode : 1;
  }
}

/** The error for a failed access to the machine's disk. */
export function diskError(error: unknown, folder: string): LoaderError {
  const { code, message } = error as NodeJS.ErrnoException;
  const fix = "Set the backend's option shipCode.cache to a folder in which the machine's user may write";
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new LoaderError(`the disk of ${folder} is full: ${message}. ${fix} and that has enough space.`);
  return new LoaderError(
    `the app's code cannot be stored in ${folder}: ${message}. ${fix}.`,
    code === 'EROFS' || code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR',
  );
}
