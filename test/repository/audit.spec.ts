import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Runs `.ci/audit.mjs` where npm prints this. */
function auditWith(report: string): { code: number | null; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'npm-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  writeFileSync(join(folder, 'report'), report);
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\ncat ${folder}/report\nexit 1\n`);
  chmodSync(join(folder, 'npm'), 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` };
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, '../../.ci/audit.mjs')], { env, encoding: 'utf8' });
  return { code: status, text: stdout };
}

const report = (high: number): string =>
  JSON.stringify({
    vulnerabilities: { leaky: { severity: high ? 'high' : 'low', range: '<1.2.3' } },
    metadata: { vulnerabilities: { info: 0, low: 1, moderate: 0, high, critical: 0, total: 1 + high } },
  });

describe('.ci/audit.mjs', () => {
  it('fails on high vulnerabilities, and names them', () => {
    expect(auditWith(report(1))).toMatchObject({ code: 1, text: expect.stringContaining('high: leaky <1.2.3') });
    expect(auditWith(report(0))).toMatchObject({ code: 0, text: expect.stringContaining('low: leaky') });
  });

  it('warns clearly if no registry was asked', () => {
    for (const nothing of ['{"message":"405 Method Not Allowed"}', 'no JSON at all', ''])
      expect(auditWith(nothing)).toMatchObject({ code: 0, text: expect.stringContaining('!!! NOT AUDITED') });
  });
});
