/** Calls a caller's `onProgress`. One that is async is not awaited, but not left to bring the process down either. */
export function tellProgress(onProgress: (value: unknown) => unknown, value: unknown, failed: (error: unknown) => void): void {
  try {
    Promise.resolve(onProgress(value)).catch(failed);
  } catch (error) {
    failed(error);
  }
}
