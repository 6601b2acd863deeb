import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { hideSecrets } from '../launch/hide-secrets.js';

/** What dockerode throws when the engine refuses something. */
interface EngineError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string } | string | Buffer;
  readonly code?: string;
}

/** Refusals that stay the same however often one asks, whatever status they come with. */
const permanent =
  /executable file not found|exec format error|no such file or directory: unknown|permission denied: unknown|unauthorized|access denied|manifest unknown|invalid reference|requested GPU|could not select device driver/i;

/** The HTTP status of the engine's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as EngineError).statusCode;
}

/** The engine's own words, on one line. */
export function wordsOf(error: unknown): string {
  const { json, message } = error as EngineError;
  const words = (typeof json === 'object' && 'message' in json ? json.message : undefined) ?? message;
  return words
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/** A failed step of a boot. It is fatal where the engine said that what was asked for is wrong, or not there. */
export function dockerFailure(error: unknown, phase: BootPhase, doing: string, secrets: Iterable<string | undefined> = []): BootError {
  const status = statusOf(error);
  const words = wordsOf(error);
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;
  const noRight = (error as EngineError).code === 'EACCES';
  return new BootError(hideSecrets(`docker: ${doing}: ${words}`, secrets), { phase, fatal: refused || noRight || permanent.test(words) });
}
