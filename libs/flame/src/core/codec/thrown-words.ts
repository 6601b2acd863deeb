/** The text of a thrown value, for a message. Never throws, whatever the value is. */
export function thrownWords(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message);
    return typeof thrown === 'object' || typeof thrown === 'function' ? `not an error but a thrown ${typeof thrown}` : String(thrown);
  } catch {
    return 'a value that throws when it is inspected';
  }
}
