import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as common from '@nestjs/common';
import * as library from 'nestjs-flame';
import type { Flame } from 'nestjs-flame';
import * as inline from 'nestjs-flame/inline';
import { describe, expect, it } from 'vitest';
import { compiled, evaluate } from '../support/compiled-file.js';
import type { InlineRecord } from '../support/compiled-file.js';
import { typescriptFile } from '../support/typescript-file.js';
import { YearlyReportsService } from '../support/yearly-reports.service.js';

/** The same class, as the compile step leaves it. */
function compiledService(): typeof YearlyReportsService {
  const { code } = typescriptFile(readFileSync(join(import.meta.dirname, '../support/yearly-reports.service.ts'), 'utf8'));
  const modules = { '@nestjs/common': common, 'nestjs-flame': library };
  const { YearlyReportsService: service } = evaluate(compiled(code).code, inline as unknown as InlineRecord, modules);
  return service as typeof YearlyReportsService;
}

describe.each([
  ['as written', YearlyReportsService, false],
  ['compiled', compiledService(), true],
] as const)('A unit test of a service %s', (_, ReportsService, isCompiled) => {
  // docs/testing.md shows what follows.
  const flame = { call: (_pool: string, run: () => unknown) => run() } as unknown as Flame;
  const reports = new ReportsService(flame);

  it('runs the inline function in its place', async () => {
    expect(await reports.yearly(2026)).toBe('report 2026');
  });

  it('reads the stream of an inline generator', async () => {
    const pages: string[] = [];
    for await (const page of reports.pages(2)) pages.push(page);
    expect(pages).toEqual(['page 1', 'page 2']);
  });
  // Up to here.

  it('had what it says', async () => {
    const given: unknown[] = [];
    await new ReportsService({ call: async (_pool: string, run: unknown) => void given.push(run) } as unknown as Flame).yearly(1);
    expect(given.map((run) => inline.markOf(run) !== undefined)).toEqual([isCompiled]);
  });
});
