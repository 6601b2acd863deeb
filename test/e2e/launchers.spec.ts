import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';
import { tool } from '../support/tool.js';

const root = join(import.meta.dirname, '../..');
const context = pathToFileURL(join(root, 'test/apps/dist/cluster/context.js')).href;
/** TypeScript, so that only a loader can run the file; the type is the proof. */
const typed = `import { ranHere } from '${context}';\nconst here: boolean = await ranHere();\nconsole.log(here ? 'ran here' : 'ran on a runner');\n`;
const plain = typed.replace(': boolean', '');

/** The main file of an app that makes one call, in a folder of its own. */
function mainFile(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flame-launched-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('a ProcessBackend without entry', { timeout: 90_000 }, () => {
  it.each([
    ['node --watch', () => ['--watch', mainFile('main.js', plain)]],
    ['nodemon', () => [join(tool('nodemon@3'), 'nodemon'), '--quiet', mainFile('main.js', plain)]],
    ['tsx', () => [join(tool('tsx@4'), 'tsx'), mainFile('main.ts', typed)]],
    ['tsx watch', () => [join(tool('tsx@4'), 'tsx'), 'watch', mainFile('main.ts', typed)]],
  ])('starts runners of an app started by %s', async (_, command) => {
    const [first, ...more] = command();
    // Elsewhere than in the repository, whose tsconfig.json has a path to the library's sources.
    const app = new SpawnedApp(first!, {}, 'ignore', ['env', '-C', tmpdir()], ...more);
    await app.line(/^ran on a runner$/);
    expect(app.lines.filter((line) => line.startsWith('ran '))).toEqual(['ran on a runner']);
  });
});
