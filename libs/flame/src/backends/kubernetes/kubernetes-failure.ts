import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import { hideSecrets } from '../launch/hide-secrets.js';

/** What the client throws when the API server refuses something. */
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

/** When the API server wants to be asked again. */
export function retryAfterOf(error: unknown): string | undefined {
  return (error as ApiError).headers?.['retry-after'];
}

/** The API server's own words, on one line. */
export function wordsOf(error: unknown): string {
  const { body, message } = error as ApiError;
  const words = (typeof body === 'string' ? messageOf(body) : body?.message) ?? message;
  return words
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}

/** A failed step of a boot. It is fatal where the API server said that what was asked for is wrong, or not allowed. */
export function kubernetesFailure(error: unknown, phase: BootPhase, doing: string, secrets: Iterable<string | undefined> = []): BootError {
  const status = statusOf(error);
  const words = wordsOf(error);
  const refused = status !== undefined && status >= 400 && status < 500 && ![408, 409, 429].includes(status);
  // A quota may have room again when another pod has gone.
  const full = /exceeded quota/i.test(words);
  const fix =
    status === 403 && !full
      ? '. Give the service account this right: the manifests in docs/backends/kubernetes.md name all that are needed'
      : '';
  return new BootError(hideSecrets(`kubernetes: ${doing}: ${words}${fix}`, secrets), { phase, fatal: refused && !full });
}

function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
