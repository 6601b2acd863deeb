import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

const library = join(import.meta.dirname, '../../libs/flame');
const { peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};
const optional = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional);

interface Loads {
  /** With the entry itself. */
  readonly atOnce: string[];
  /** When something asks for it. */
  readonly later: string[];
}

describe('optional packages', () => {
  const entries: Record<string, Loads> = {};

  beforeAll(async () => {
    const names = [
      'index',
      'docker',
      'fly',
      'kubernetes',
      'ssh',
      'metrics',
      'tracing',
      'dashboard',
      'rpc',
      'testing',
      'bullmq',
      'inline',
      'cli',
    ];
    const files: Record<string, string> = {
      index: 'index.ts',
      cli: 'cli/main.ts',
      ...Object.fromEntries(['docker', 'fly', 'kubernetes', 'ssh'].map((name) => [name, `backends/${name}/index.ts`])),
    };
    const fileOf = (name: string): string => join(library, 'src', files[name] ?? `${name}/index.ts`);
    for (const name of names) {
      const { metafile } = await build({
        entryPoints: [fileOf(name)],
        bundle: true,
        splitting: true,
        format: 'esm',
        platform: 'node',
        packages: 'external',
        outdir: 'none',
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      entries[name] = loads(metafile.outputs, fileOf(name));
    }
  });

  it.each([
    ['index', []],
    ['docker', []],
    ['fly', []],
    ['kubernetes', []],
    ['ssh', []],
    ['dashboard', []],
    ['rpc', []],
    ['testing', []],
    ['inline', []],
    ['cli', []],
    ['metrics', []],
    ['tracing', ['@opentelemetry/api']],
    ['bullmq', ['@nestjs/bullmq', 'bullmq']],
  ])('%s loads %j at once, and no other', (entry, peers) => {
    expect(entries[entry]!.atOnce).toEqual(peers);
  });

  it.each([
    ['index', ['@grpc/reflection']],
    ['docker', ['dockerode']],
    ['fly', []],
    ['kubernetes', ['@kubernetes/client-node']],
    ['ssh', ['ssh2']],
    ['metrics', ['prom-client']],
  ])('%s loads %j when it is asked for', (entry, peers) => {
    expect(entries[entry]!.later).toEqual(peers);
  });
});

type Outputs = Awaited<ReturnType<typeof build<{ metafile: true; write: false }>>>['metafile']['outputs'];

/** The optional packages that the files of a bundle import. */
function loads(outputs: Outputs, source: string): Loads {
  // A file that is imported later has an output of its own, too.
  const entry = Object.keys(outputs).find((file) => outputs[file]!.entryPoint && source.endsWith(outputs[file]!.entryPoint!))!;
  const found = (from: string, kinds: readonly string[], seen = new Set<string>()): string[] => {
    if (seen.has(from)) return [];
    seen.add(from);
    return outputs[from]!.imports.filter(({ kind }) => kinds.includes(kind)).flatMap(({ path, external }) =>
      external ? [path] : found(path, kinds, seen),
    );
  };
  const peersAmong = (paths: readonly string[]): string[] =>
    optional.filter((peer) => paths.some((path) => path === peer || path.startsWith(`${peer}/`))).sort();
  const atOnce = peersAmong(found(entry, ['import-statement']));
  return { atOnce, later: peersAmong(found(entry, ['import-statement', 'dynamic-import'])).filter((peer) => !atOnce.includes(peer)) };
}
