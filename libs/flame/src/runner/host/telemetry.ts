/** A tracer, meter or logger provider of an OpenTelemetry SDK; one of an API alone has none of this. */
interface Provider {
  /** The API's own tracer provider stands before the SDK's. */
  getDelegate?(): Provider;
  forceFlush?(): Promise<unknown>;
  shutdown?(): Promise<unknown>;
}

/**
 * Where the APIs keep the app's providers, for all copies of them in the process: `internal/global-utils` of \@opentelemetry/api and
 * api-logs.
 */
interface Registry {
  readonly [api: symbol]: unknown;
}

const api = Symbol.for('opentelemetry.js.api.1');
const logsApi = Symbol.for('io.opentelemetry.js.api.logs');

/**
 * Has the app's OpenTelemetry SDK, if there is one, export what it holds (spans, metrics, log records), and ends it. What an export is on
 * its way for is not waited for by `forceFlush`, but by `shutdown`. Loads nothing, and takes as long as the exporters do.
 *
 * @throws {Error} with what the exporters said.
 */
export async function exportTelemetry(registry: Registry = globalThis as unknown as Registry): Promise<void> {
  const { trace, metrics } = (registry[api] ?? {}) as { trace?: Provider; metrics?: Provider };
  const logs = (registry[logsApi] as ((version: number) => Provider) | undefined)?.(1);
  const providers = [trace?.getDelegate?.() ?? trace, metrics, logs].filter((provider) => provider !== undefined);
  const ends = await Promise.all(
    providers.map(async (provider) => [await problemOf(provider, 'forceFlush'), await problemOf(provider, 'shutdown')]),
  );
  const problems = new Set(ends.flat().filter((problem) => problem !== undefined));
  if (problems.size > 0) throw new Error([...problems].join('; '));
}

/** What an SDK says of an end that failed: an error, or a list of them. */
async function problemOf(provider: Provider, step: 'forceFlush' | 'shutdown'): Promise<string | undefined> {
  try {
    await provider[step]?.();
    return undefined;
  } catch (thrown) {
    return [thrown]
      .flat()
      .map((error) => (error instanceof Error ? error.message : String(error)))
      .join('; ');
  }
}
