/** Whether a class's source shows private members of its instances: no, probably, or certainly. */
export type PrivateState = 'none' | 'likely' | 'certain';

/**
 * Searches a class's source for private members of its instances. `name` is the name of the class, from which compilers make names of
 * variables. If the source is unclear, the answer is 'none'.
 */
export function privateStateIn(source: string, name: string): PrivateState {
  if (!/#|private|\.(?:set|add)\(\s*this\b/i.test(source)) return 'none';
  const code = codeOf(source);
  const statics = new Set(Array.from(code.matchAll(staticPrivate), ([, found]) => found));
  if (Array.from(code.matchAll(privateName), ([found]) => found).some((found) => !statics.has(found))) return 'certain';
  if (helpers.test(code)) return 'certain';
  return undefinedField.test(code) || fieldsOf(name).test(code) ? 'likely' : 'none';
}

const privateName = /#[\p{ID_Continue}$\\{}]+/gu;
const staticPrivate = /\bstatic\b\s*(?:(?:async|get|set|accessor)\b\s*)*\*?\s*(#[\p{ID_Continue}$\\{}]+)/gu;

/** Functions that code compiled by TypeScript, esbuild, SWC or Babel for older targets calls for private members of instances. */
const helpers = /\b__classPrivateField|\b__privateAdd\w*\(\s*this\b|\b_class_?private/i;

/** How TypeScript initializes a private field that has no initial value. */
const undefinedField = /(?<![\w$.])[\w$]+\.set\(\s*this\s*,\s*void 0\s*\)/;

/** How TypeScript initializes private members: a WeakMap for each field, named after the field, or a WeakSet for all methods. */
function fieldsOf(name: string): RegExp {
  return new RegExp(String.raw`(?<![\w$.])_${name.replaceAll('$', String.raw`\$`)}_[\w$]+\.(?:set|add)\(\s*this\s*[,)]`);
}

const token =
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*')|(?<word>#?[\p{ID_Start}$_\\][\p{ID_Continue}$\\]*|\d[\w.]*)|\+\+|--|[^]/uy;
const templateText = /(?:\\[^]|\$(?!\{)|[^`\\$])*(`|\$\{|$)/y;
const regularExpression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\\/\n[])+\/\w*/y;

/** After these words, an expression follows and not an operator. After the words in `beforeBracket`, this holds for the closing bracket. */
const beforeExpression = new Set('return typeof case in of delete void throw new do else instanceof await yield'.split(' '));
const beforeBracket = new Set(['if', 'while', 'for', 'with']);

/** Returns the source without comments, and without the content of strings, templates and regular expressions: it may look like code. */
function codeOf(source: string): string {
  let code = '';
  let at = 0;
  /** Whether a slash would begin a regular expression. */
  let expression = true;
  let word = '';
  /** For each open brace, whether it belongs to a template; for each open bracket, whether an expression follows it. */
  const braces: boolean[] = [];
  const brackets: boolean[] = [];
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const template = (): void => {
    expression = take(templateText)?.[1] === '${';
    if (expression) braces.push(true);
    code += "''";
  };
  while (at < source.length) {
    if (source[at] === '/' && expression && !/[*/]/.test(source[at + 1] ?? '') && take(regularExpression)) {
      code += "''";
      expression = false;
      word = '';
      continue;
    }
    const found = take(token)!;
    const [text] = found;
    if (found.groups!['space'] !== undefined) {
      code += ' ';
      continue;
    }
    const before = word;
    word = found.groups!['word'] ?? '';
    if (text === '`') template();
    else if (text === '}' && braces.pop()) template();
    else {
      const member = code.endsWith('.') && !code.endsWith('...');
      code += found.groups!['string'] === undefined ? text : "''";
      if (text === '{') braces.push(false);
      if (text === '(') brackets.push(beforeBracket.has(before));
      if (text === ')') expression = brackets.pop() ?? false;
      else if (word !== '') expression = !member && beforeExpression.has(word);
      else expression = found.groups!['string'] === undefined && text !== ']' && text !== '++' && text !== '--';
    }
  }
  return code;
}
