/// <reference lib="es2024.string" />

/**
 * Whether UTF-8 carries a string unchanged. Half of a surrogate pair would be replaced, and decoders remove a byte-order mark at the start.
 */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

/** Whether a MessagePack map keeps this key: decoders rename `__proto__`. */
export function isPlainKey(key: string): boolean {
  return key !== '__proto__' && isPlainText(key);
}
