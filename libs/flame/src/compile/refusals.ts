import type { Node } from './tree.js';

/** Why an inline function cannot run on a runner. */
export type RefusalCode =
  | 'assigns-captured'
  | 'assigns-module'
  | 'captures-function'
  | 'captures-class'
  | 'captures-provider'
  | 'captures-this'
  | 'this-of-function'
  | 'this-of-static'
  | 'this-of-constructor'
  | 'this-of-field'
  | 'arguments'
  | 'new-target'
  | 'eval'
  | 'with'
  | 'yield'
  | 'changing-variable'
  | 'unreadable';

/** A refusal, or a warning, at a node of the function. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: RefusalCode;
  readonly message: string;
  readonly fix: string;
  readonly at: Pick<Node, 'start' | 'end'>;
}

type Text = Pick<Problem, 'message' | 'fix'>;

/** The message, which begins with "The inline function X", and the fix. `name` is that of a variable. */
const texts: Readonly<Record<Exclude<RefusalCode, 'unreadable'>, (name: string, property: string) => Text>> = {
  'assigns-captured': (name) => ({
    message: `assigns to "${name}", a variable of the function around it. A runner has a copy of that variable, so the caller would not see the change`,
    fix: `Return the value, and assign the result of the call to "${name}".`,
  }),
  'assigns-module': (name) => ({
    message: `assigns to "${name}", a variable of the module. Each runner has its own, so the caller would not see the change`,
    fix: `Return the value, and assign the result of the call to "${name}".`,
  }),
  'captures-function': (name) => ({
    message: `uses "${name}", a local function, and functions do not travel`,
    fix: `Make "${name}" a method of the class, or move it to the top level of the module.`,
  }),
  'captures-class': (name) => ({
    message: `uses "${name}", a local class, and classes do not travel`,
    fix: `Move "${name}" to the top level of the module.`,
  }),
  'captures-provider': (name, property) => ({
    message: `uses "${name}", a variable that holds a provider, and providers do not travel`,
    fix: `Use "this.${property}" in the function: there it is the runner's own provider.`,
  }),
  'captures-this': (name) => ({
    message: `uses "${name}", a variable that holds "this", and providers do not travel`,
    fix: `Use "this" in an arrow function: on a runner it is the runner's own instance.`,
  }),
  'this-of-function': (name) => ({
    message: `uses the "this" of ${name}, which is no instance that a runner has, too`,
    fix: 'Make the call in a method of the class, with arrow functions between them: they have the "this" of the method.',
  }),
  'this-of-static': () => ({
    message: 'uses "this" in a static member, where it is the class; a runner finds instances only',
    fix: 'Make the call in a method of a provider, or use no "this" in the function.',
  }),
  'this-of-constructor': () => ({
    message: 'uses "this" in a constructor, when the instance is not ready',
    fix: 'Make the call in a method, such as onModuleInit.',
  }),
  'this-of-field': () => ({
    message: `uses "this" in a field's initial value, when the instance is not ready`,
    fix: 'Make the call in a method, such as onModuleInit.',
  }),
  arguments: () => ({
    message: 'uses "arguments" of the function around it, which cannot leave that function',
    fix: 'Name the parameters, and use them by name.',
  }),
  'new-target': () => ({
    message: 'uses "new.target" of the function around it, which cannot leave that function',
    fix: 'Put "new.target" into a variable before the call, and use what you need of it.',
  }),
  eval: () => ({
    message: 'calls "eval", which may use any variable around it, so nobody can tell what has to travel',
    fix: 'Write the code out, or call "globalThis.eval", which sees no variables of functions.',
  }),
  with: () => ({
    message: 'stands in a "with" statement, so nobody can tell which names are variables',
    fix: 'Use variables instead of "with".',
  }),
  yield: () => ({
    message: 'uses "yield" of the generator around it, which cannot leave that function',
    fix: 'Make the function an async function* with a "yield" of its own.',
  }),
  'changing-variable': (name) => ({
    message: `reads "${name}", a variable of the module that another function changes. Each runner has its own value`,
    fix: `Copy "${name}" into a local variable before the call: its value then travels with the call.`,
  }),
};

/** The text for a file that the compiler cannot parse. */
export const unreadable = (reason: string): Text => ({
  message: `The compiler for inline functions cannot read this file: ${reason}.`,
  fix: 'Compile the file first, with tsc, swc or esbuild: types, decorators and JSX have to be gone.',
});

/** `name` is that of the variable, if the problem is about one; `property` is the property of `this` that the variable holds. */
export function problem(code: Exclude<RefusalCode, 'unreadable'>, at: Pick<Node, 'start' | 'end'>, name = '', property = ''): Problem {
  return { severity: code === 'changing-variable' ? 'warning' : 'error', code, ...texts[code](name, property), at };
}
