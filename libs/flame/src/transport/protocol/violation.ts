/** The other end sent bytes that break the protocol. It ends the session and nothing else. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
