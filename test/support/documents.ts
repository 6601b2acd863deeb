import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A file of the repository, by its path. */
export function document(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The rows of the table that follows a heading, cells by column. */
export function table(text: string, heading: string): string[][] {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`))!;
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The option names and defaults of a table, including rows with several names. */
export function documentedOptions(text: string, heading: string): Map<string, string> {
  return new Map(
    table(text, heading).flatMap(([names, value]) =>
      [...names!.matchAll(/`(\w+)`/g)].map(([, name]): [string, string] => [name!, plain(value!)]),
    ),
  );
}

/** Converts a documented value, such as `1 000` or `'spread'`, to its form in code. */
export function plain(cell: string): string {
  return cell
    .replaceAll('`', '')
    .replace(/(?<=\d) (?=\d{3})/g, '')
    .replace(/^'(.*)'$/, '$1');
}

/** The members that the source of an interface of the library declares. */
export function members(file: string, name: string): string[] {
  return [...body(file, name).matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, member]) => member!);
}

/** The defaults in the docstrings of an interface. */
export function docstringDefaults(file: string, name: string): Map<string, string> {
  const found = body(file, name).matchAll(/@default (.+?)(?: \*\/|\n\s+\*\/)\n\s+(\w+)\?:/g);
  return new Map(Array.from(found, ([, value, member]) => [member!, value!.replace(/(?<=\d)_(?=\d{3})/g, '')]));
}

function body(file: string, name: string): string {
  return new RegExp(`interface ${name}[^{]*\\{\n(.*?)^\\}`, 'ms').exec(document(`libs/flame/src/${file}`))![1]!;
}
