import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { hideSecrets } from '../launch/hide-secrets.js';

/** An error that dockerode throws if the engine refuses a request. */
interface EngineError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | string | Buffer;
  readonly code?: string;
}

/** Errors that a retry cannot fix, whatever their status. */
const permanent =
  /executable file not found|exec format error|no such file or directory: unknown|permission denied: unknown|unauthorized|access denied|manifest unknown|invalid reference|requested GPU|could not select device driver/i;

/** The HTTP status of the engine's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as EngineError).statusCode;
}

/** The engine's own error text, on one line. */
export function wordsOf(error: unknown): string {
  const { json, message } = error as EngineError;
  const words = (typeof json === 'object' && 'message' in json ? json.message : undefined) ?? message;
  return words
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/** The error of a failed boot step. It is fatal if the engine reported that the requested thing is invalid or does not exist. */
export function dockerFailure(error: unknown, phase: BootPhase, doing: string, secrets: Iterable<string | undefined> = []): BootError {
  const status = statusOf(error);
  const words = wordsOf(error);
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;
  const noRight = (error as EngineError).code === 'EACCES';
  return new BootError(hideSecrets(`docker: ${doing}: ${words}`, secrets), { phase, fatal: refused || noRight || permanent.test(words) });
}
