import { FlameError } from 'nestjs-flame';

/** Resolves to the FlameError with which a promise rejects. Any other outcome fails the test. */
export async function failure(promise: Promise<unknown>): Promise<FlameError> {
  const outcome = await promise.then(
    (value) => new Error(`it succeeded with ${String(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof FlameError) return outcome;
  throw outcome;
}
