import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed library. */
    tarball: string;
  }
}

/** Packs the library once for all files of the project. */
export default function pack(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'flame-packed-'));
  const packed = execFileSync('npm', ['pack', '--json', '-w', 'libs/flame', '--pack-destination', folder], { encoding: 'utf8' });
  project.provide('tarball', join(folder, (JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string }[])[0]!.filename));
  return () => rmSync(folder, { recursive: true, maxRetries: 5 });
}
