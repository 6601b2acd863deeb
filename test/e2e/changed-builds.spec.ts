import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

const repository = join(import.meta.dirname, '../..');

/** An app of its own folder, whose build a test can write over. Each call is answered by a fresh runner. */
class RebuiltApp extends SpawnedApp {
  readonly #folder: string;

  constructor(folder: string, env: Record<string, string>) {
    super(join(folder, 'dist/main.js'), env, 'pipe');
    this.#folder = folder;
  }

  static async start(env: Record<string, string> = {}): Promise<RebuiltApp> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-rebuilt-')));
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    cpSync(join(repository, 'test/apps/dist/rebuilt'), join(folder, 'dist'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'rebuilt', type: 'module' }));
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    const app = new RebuiltApp(folder, env);
    await app.line(/^\[parent\] is up$/);
    return app;
  }

  async ask(): Promise<string> {
    const from = this.lines.length;
    this.process.stdin!.write('\n');
    return (await this.line(/^\[answer\] (.*)$/, from))[1]!;
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.#folder, 'dist', file), text);
  }

  /** The warnings of builds that differ. */
  get warnings(): string[] {
    return this.lines.filter((line) => line.includes('another build of the app'));
  }
}

describe('a build that changes while the parent runs', () => {
  it('causes a warning for each change, with the files, when the next runner has loaded it', { timeout: 120_000 }, async () => {
    const app = await RebuiltApp.start();
    expect(await app.ask()).toBe('old price');
    app.write('price.js.map', '{}');
    app.write('price.d.ts', 'export {};');
    app.write('notes.txt', 'new');
    expect(await app.ask()).toBe('old price');
    expect(app.warnings).toEqual([]);
    app.write('price.js', `export const price = 'new price';`);
    expect(await app.ask()).toBe('new price');
    expect(await app.ask()).toBe('new price');
    expect(app.warnings).toEqual([
      expect.stringMatching(/WARN .*: dist\/price\.js\. Restart the parent, and deploy each build to its own folder/),
    ]);
    app.write('price.js', `export const price = 'newer price';`);
    app.write('more.js', '');
    expect(await app.ask()).toBe('newer price');
    expect(app.warnings).toHaveLength(2);
    expect(app.warnings[1]).toMatch(/: dist\/more\.js, dist\/price\.js\./);
  });

  it("is refused with buildMismatch: 'refuse': the call fails at once, with the builds of both sides", { timeout: 120_000 }, async () => {
    const app = await RebuiltApp.start({ BUILD_MISMATCH: 'refuse' });
    // Before there was any runner: what counts is the parent's start.
    app.write('price.js', `export const price = 'new price';`);
    expect(await app.ask()).toMatch(
      /^FLAME_BOOT: .*runner prices-\w+-1 was started from another build of the app than its parent: the runner has build \w{8} \(2 files\), the parent build \w{8} \(2 files\)\. .*: dist\/price\.js\. Restart the parent/,
    );
  });

  it("is not compared with buildMismatch: 'ignore'", { timeout: 120_000 }, async () => {
    const app = await RebuiltApp.start({ BUILD_MISMATCH: 'ignore' });
    app.write('price.js', `export const price = 'new price';`);
    expect(await app.ask()).toBe('new price');
    expect(app.warnings).toEqual([]);
  });
});
