/// <reference lib="es2024.string" />

/**
 * Whether UTF-8 carries a string as it is: no half of a surrogate pair, which would be replaced, and no byte-order mark in
 * front, which decoders take away.
 */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

/** Whether a MessagePack map keeps this key: decoders rename `__proto__`. */
export function isPlainKey(key: string): boolean {
  return key !== '__proto__' && isPlainText(key);
}
