import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Plugin as EsbuildPlugin } from 'esbuild';
import { rolldown } from 'rolldown';
import { build as viteBuild } from 'vite';
import type { Plugin as VitePlugin } from 'vite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { inlineFunctions } from './index.js';
import { webpackLoader } from './webpack-loader.js';

const call = `export async function publish(flame, video) {\n  return flame.call('ffmpeg', async () => video.length);\n}\n`;
const wrong = `import { Flame } from 'nestjs-flame'; export function publish(app, video) {\n  return app.get(Flame).call('ffmpeg', async () => { video = 2; });\n}\n`;
const external = ['nestjs-flame', 'nestjs-flame/inline'];

/** A folder with the one file; removed after the test. */
function fileWith(text: string, name = 'videos.js'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-bundled-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'package.json'), '{"name":"app","type":"module"}');
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

interface Bundle {
  readonly code: string;
  readonly sources: readonly string[];
}

const bundlers: Record<string, (file: string) => Promise<Bundle>> = {
  vite: async (file) => {
    const plugin: VitePlugin = inlineFunctions.vite();
    const result = await viteBuild({
      configFile: false,
      logLevel: 'silent',
      root: join(file, '..'),
      plugins: [plugin],
      build: { lib: { entry: file, formats: ['es'] }, rollupOptions: { external }, minify: false, sourcemap: true, write: false },
    });
    const [{ output }] = result as unknown as [{ output: [{ code: string; map: { sources: string[] } }] }];
    return { code: output[0].code, sources: output[0].map.sources };
  },
  rolldown: async (file) => {
    const bundle = await rolldown({ input: file, external, plugins: [inlineFunctions.rolldown()], logLevel: 'silent' });
    const { output } = await bundle.generate({ sourcemap: true });
    return { code: output[0].code, sources: output[0].map!.sources };
  },
  esbuild: async (file) => {
    const plugin: EsbuildPlugin = inlineFunctions.esbuild();
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      external,
      format: 'esm',
      sourcemap: true,
      outdir: join(file, '..'),
      write: false,
      logLevel: 'silent',
      plugins: [plugin],
    });
    const [map, code] = outputFiles.map(({ text }) => text);
    return { code: code!, sources: (JSON.parse(map!) as { sources: string[] }).sources };
  },
};

describe('inlineFunctions', () => {
  it.each(Object.entries(bundlers))('of %s compiles the files of a bundle, with maps to them', async (_, bundle) => {
    const { code, sources } = await bundle(fileWith(call));
    expect(code).toMatch(/from "nestjs-flame\/inline"/);
    expect(code).toContain('videos.js#publish/1');
    expect(sources).toEqual([expect.stringMatching(/(^|\/)videos\.js$/)]);
  });

  it.each(Object.entries(bundlers))('of %s fails a build with a function that cannot run elsewhere', async (_, bundle) => {
    await expect(bundle(fileWith(wrong))).rejects.toThrow(/videos\.js:2:\d+ - error/);
  });

  it('of vite runs after the compilation of TypeScript', async () => {
    const { code, sources } = await bundlers['vite']!(fileWith(call.replace('video)', 'video: string)'), 'videos.ts'));
    expect(code).toContain('videos.ts#publish/1');
    expect(sources).toEqual([expect.stringMatching(/videos\.ts$/)]);
  });

  it('of webpack and rspack adds its loader after all others', () => {
    const rules: object[] = [];
    for (const plugin of [inlineFunctions.webpack(), inlineFunctions.rspack()]) plugin.apply({ options: { module: { rules } } });
    expect(rules).toHaveLength(2);
    expect(rules[0]).toMatchObject({ enforce: 'post', use: [{ loader: expect.stringMatching(/unplugin-loader\.js$/) }] });
  });
});

describe('webpackLoader', () => {
  const load = (code: string, type?: string, map?: string) => {
    const context = {
      resourcePath: fileWith(code),
      _module: { type },
      emitError: vi.fn<(error: Error) => void>(),
      emitWarning: vi.fn<(warning: Error) => void>(),
      callback: vi.fn<(...given: unknown[]) => void>(),
    };
    webpackLoader.call(context, code, map);
    return { ...context, given: context.callback.mock.calls[0] as unknown as [null, string, { sources: string[] }] };
  };

  it('compiles a module by its type, or by its syntax', () => {
    const bare = call.replace('export ', '');
    expect(load(bare, 'javascript/esm').given[1]).toMatch(/^import /);
    expect(load(bare, 'javascript/auto').given[1]).toMatch(/^const .*require/);
    expect(load(call, 'javascript/auto').given[1]).toMatch(/^import /);
  });

  it('continues the map of the loaders before', () => {
    const map = JSON.stringify({ version: 3, sources: ['videos.ts'], names: [], mappings: 'AAAA;AACA;AACA' });
    expect(load(call, undefined, map).given[2].sources).toEqual(['videos.ts']);
    expect(load('a();', undefined, map).given).toEqual([null, 'a();', map]);
  });

  it('reports functions that cannot run elsewhere', () => {
    expect(load(wrong).emitError).toHaveBeenCalledWith(expect.objectContaining({ message: expect.stringMatching(/videos\.js:2/) }));
  });
});
