/**
 * A text for an error or a log, without the secrets in it: platforms like to repeat what they were given. An empty secret hides nothing.
 */
export function hideSecrets(text: string, secrets: Iterable<string | undefined>): string {
  let hidden = text;
  for (const secret of secrets) if (secret) hidden = hidden.replaceAll(secret, '[hidden]');
  return hidden;
}
