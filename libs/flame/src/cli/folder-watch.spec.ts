import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FolderWatch } from './folder-watch.js';

/** A watched folder, which may not be there yet; removed after the test. */
function watched(exists = true) {
  const above = realpathSync(mkdtempSync(join(tmpdir(), 'flame-watched-')));
  const dist = join(above, 'dist');
  if (exists) mkdirSync(join(dist, 'a'), { recursive: true });
  const seen = new Set<string>();
  let look = (): void => {};
  const watch = new FolderWatch(dist, (paths) => {
    for (const path of paths) seen.add(path.slice(dist.length + 1));
    look();
  });
  onTestFinished(() => {
    watch.close();
    rmSync(above, { recursive: true });
  });
  return {
    dist,
    seen,
    write: (name: string) => writeFileSync(join(dist, name), 'a();'),
    sees: (name: string) =>
      new Promise<void>((resolve) => {
        look = () => seen.has(name) && resolve();
        look();
      }),
  };
}

describe('FolderWatch', () => {
  it('reports which JavaScript files were written, also in new folders', async () => {
    const { dist, write, sees, seen } = watched();
    write('a/old.js');
    write('a/old.d.ts');
    await sees('a/old.js');
    mkdirSync(join(dist, 'b'));
    write('b/new.mjs');
    await sees('b/new.mjs');
    write('last.cjs');
    await sees('last.cjs');
    expect([...seen].sort()).toEqual(['a/old.js', 'b/new.mjs', 'last.cjs']);
  });

  it('continues when the folder is removed and created again', async () => {
    const { dist, write, sees } = watched();
    rmSync(dist, { recursive: true });
    mkdirSync(dist);
    write('main.js');
    await sees('main.js');
    write('more.js');
    await sees('more.js');
  });

  it('waits for a folder that does not exist yet', async () => {
    const { dist, write, sees } = watched(false);
    mkdirSync(dist);
    write('main.js');
    await sees('main.js');
  });
});
