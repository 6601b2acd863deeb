/** A tracer, meter or logger provider of an OpenTelemetry SDK. A provider of the API alone has none of these methods. */
interface Provider {
  /** The API's own tracer provider wraps the SDK's. */
  getDelegate?(): Provider;
  forceFlush?(): Promise<unknown>;
  shutdown?(): Promise<unknown>;
}

/**
 * The object in which all copies of the APIs in the process keep the app's providers: `internal/global-utils` of \@opentelemetry/api and
 * api-logs.
 */
interface Registry {
  readonly [api: symbol]: unknown;
}

const api = Symbol.for('opentelemetry.js.api.1');
const logsApi = Symbol.for('io.opentelemetry.js.api.logs');

/**
 * Makes the app's OpenTelemetry SDK, if there is one, export the data that it holds (spans, metrics, log records), and shuts it down.
 * `forceFlush` does not wait for exports that have already begun, but `shutdown` does. Loads no modules, and takes as long as the exporters
 * do.
 *
 * @throws {Error} with the messages of the exporters.
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

/** Runs a step of a provider. Returns the message if it failed: an SDK throws an error, or a list of errors. */
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
