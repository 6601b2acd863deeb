import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { hideSecrets } from '../launch/hide-secrets.js';

/** An error that the client throws if the API server refuses a request. */
interface ApiError extends Error {
  readonly code?: number | string;
  readonly body?: { readonly message?: string } | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP status of the API server's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  const { code } = error as ApiError;
  return typeof code === 'number' ? code : undefined;
}

/** The time after which the API server accepts a repetition. */
export function retryAfterOf(error: unknown): string | undefined {
  return (error as ApiError).headers?.['retry-after'];
}

/** The API server's own error text, on one line. */
export function wordsOf(error: unknown): string {
  const { body, message } = error as ApiError;
  const words = (typeof body === 'string' ? messageOf(body) : body?.message) ?? message;
  return words
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/** The error of a failed boot step. It is fatal if the API server reported that the request is invalid or not allowed. */
export function kubernetesFailure(error: unknown, phase: BootPhase, doing: string, secrets: Iterable<string | undefined> = []): BootError {
  const status = statusOf(error);
  const words = wordsOf(error);
  const refused = status !== undefined && status >= 400 && status < 500 && ![408, 409, 429].includes(status);
  // A quota can have room again when other pods have ended.
  const full = /exceeded quota/i.test(words);
  const fix =
    status === 403 && !full ? '. Grant the service account this right: the manifests in docs/backends/kubernetes.md have all of them' : '';
  return new BootError(hideSecrets(`kubernetes: ${doing}: ${words}${fix}`, secrets), { phase, fatal: refused && !full });
}

function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
