/** What a class's source shows of private members of its instances: none, such that it may have, or such that it has. */
export type PrivateState = 'none' | 'likely' | 'certain';

/** `name` is the class's, as compilers make variables of it. Where the source leaves a doubt, there are none. */
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

/** What TypeScript, esbuild, SWC and Babel call for private members of instances when they compile for older targets. */
const helpers = /\b__classPrivateField|\b__privateAdd\w*\(\s*this\b|\b_class_?private/i;

/** As TypeScript begins a private field that has no initial value. */
const undefinedField = /(?<![\w$.])[\w$]+\.set\(\s*this\s*,\s*void 0\s*\)/;

/** As TypeScript begins private members: in a WeakMap for each field, named after it, or in a WeakSet for all methods. */
function fieldsOf(name: string): RegExp {
  return new RegExp(String.raw`(?<![\w$.])_${name.replaceAll('$', String.raw`\$`)}_[\w$]+\.(?:set|add)\(\s*this\s*[,)]`);
}

const token =
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*')|(?<word>#?[\p{ID_Start}$_\\][\p{ID_Continue}$\\]*|\d[\w.]*)|\+\+|--|[^]/uy;
const templateText = /(?:\\[^]|\$(?!\{)|[^`\\$])*(`|\$\{|$)/y;
const regularExpression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\\/\n[])+\/\w*/y;

/** Words that an expression, and not an operator, follows; as does what follows their brackets. */
const beforeExpression = new Set('return typeof case in of delete void throw new do else instanceof await yield'.split(' '));
const beforeBracket = new Set(['if', 'while', 'for', 'with']);

/** The source without comments and the content of strings, templates and regular expressions: what looks like code in them is none. */
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
