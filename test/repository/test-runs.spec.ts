import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import config from '../../vitest.config.js';
import { document } from '../support/documents.js';

const root = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const projects = (config.test!.projects as { test: { name: string; include: string[]; retry?: number } }[]).map(({ test }) => test);

/** The projects that a script of package.json runs, and those of the scripts that it calls. */
function projectsOf(script: string): string[] {
  const text = scripts[script]!;
  const own = [...text.matchAll(/--project ([\w-]+)/g)].map(([, name]) => name!);
  const called = [...text.matchAll(/npm (?:run )?(test[\w:-]*)/g)].map(([, name]) => name!);
  return [...own, ...called.flatMap(projectsOf)];
}

/** The names in the pattern of a project of test/e2e; `e2e-rest` names those that it leaves out. */
function namesIn(name: string): string[] {
  return projects
    .find((one) => one.name === name)!
    .include[0]!.match(/\((.*)\)/)![1]!
    .split('|');
}

describe('npm run test:all', () => {
  it('runs every project once', () => {
    // A script of test/engines runs its projects; engine-fly has the rules under another name, for a real platform.
    const others = projects.map(({ name }) => name).filter((name) => !name.startsWith('engine-'));
    expect(projectsOf('test:all').sort()).toEqual(others.sort());
    expect(scripts['test:all']).toContain('npm run test:engines');
  });

  it('runs every file of test/e2e in one project', () => {
    expect(namesIn('e2e-rest').sort()).toEqual([...namesIn('e2e'), ...namesIn('e2e-alone')].sort());
  });

  it('retries no test', () => {
    expect([config.test!, ...projects].filter(({ retry }) => retry)).toEqual([]);
  });
});

describe('vitest.config.ts', () => {
  it('names files of test/e2e that exist', () => {
    const files = readdirSync(join(root, 'test/e2e')).map((file) => file.replace('.spec.ts', ''));
    expect(namesIn('e2e-rest').filter((name) => !files.includes(name))).toEqual([]);
  });
});

describe('.ci/run', () => {
  it('runs npm test, and the rest of test:all', () => {
    const ci = readFileSync(join(root, '.ci/run'), 'utf8');
    const called = Array.from(scripts['test:all']!.matchAll(/npm (?:run )?(test\S*)/g), ([, script]) => script!);
    expect(called.length).toBeGreaterThan(4);
    // It gives each engine its own time.
    const missing = called.filter((script) => script !== 'test:engines' && !new RegExp(`counted .* ${script}( |$)`, 'm').test(ci));
    expect(missing).toEqual([]);
    for (const engine of ['docker', 'kubernetes']) expect(ci).toContain(` beside ${engine} `);
  });
});

describe('test/README.md', () => {
  const page = document('test/README.md');

  it('names every folder of test', () => {
    const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.filter(({ name }) => !page.includes(`\`${name}`)).map(({ name }) => name)).toEqual([]);
  });

  it('names every project', () => {
    expect(projects.filter(({ name }) => !page.includes(`\`${name}\``)).map(({ name }) => name)).toEqual([]);
  });
});
