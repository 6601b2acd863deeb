/**
 * Patterns for paths, as in .gitignore files but always from the root: `*` stands for any characters of one name, `**` for any number of
 * folders, `?` for one character. A pattern that matches a folder matches everything below.
 */
export class FilePatterns {
  readonly #patterns: readonly RegExp[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(toRegExp);
  }

  /** Whether one of these paths, written with `/`, matches. */
  matches(...paths: readonly string[]): boolean {
    return this.#patterns.some((pattern) => paths.some((path) => pattern.test(path)));
  }
}

function toRegExp(pattern: string): RegExp {
  const text = pattern
    .replace(/^\.\//, '')
    .replace(/\/$/, '')
    .replaceAll(/\*\*\/|\*\*|\*|\?|[$()+.[\\\]^{|}]/g, (part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      return part === '?' ? '[^/]' : `\\${part}`;
    });
  return new RegExp(`^${text}(?:/.*)?$`);
}
