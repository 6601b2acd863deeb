/** Replaces secrets in a text for an error or a log, because platforms often repeat their input. Empty secrets are ignored. */
export function hideSecrets(text: string, secrets: Iterable<string | undefined>): string {
  let hidden = text;
  for (const secret of secrets) if (secret) hidden = hidden.replaceAll(secret, '[hidden]');
  return hidden;
}
