import { describe, expect, it } from 'vitest';
import { withoutTopLevelAwait } from './main-body.js';

describe('withoutTopLevelAwait', () => {
  it('makes the statements of a main file the body of a function, behind its imports, on their lines', () => {
    const code = `#!/usr/bin/env node\nimport { a } from 'a';\nconst app = await a();\nimport {\n  b,\n} from 'b';\nawait b(app);`;
    const made = withoutTopLevelAwait(code);
    expect(made.split('\n')[0]!.trim()).toBe(`import { a } from 'a';import { b, } from 'b';__flame.run(async()=>{`);
    expect(made.split('\n')[2]).toBe('const app = await a();');
    expect(made.split('\n')[6]).toBe('await b(app);');
  });

  it.each([`for await (const a of list) use(a);`, `{ await a; }`, 'await using a = open();'])('knows that %s awaits', (code) => {
    expect(withoutTopLevelAwait(code)).toContain('__flame.run');
  });

  it.each([`start(async () => { await a(); });`, `async function start() { await a(); } start();`, `export const a = await b();`])(
    'leaves %s as it is',
    (code) => {
      expect(withoutTopLevelAwait(code)).toBe(code);
    },
  );
});
