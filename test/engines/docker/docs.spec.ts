import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/process-table.js';
import { containers, docker, expectNothingLeft } from './cli.js';
import { nodeImage } from './trial.js';

const repository = join(import.meta.dirname, '../../..');
const page = readFileSync(join(repository, 'docs/backends/docker.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!);
const shell = promisify(execFile);

/** Commands of the page, on this engine, whose socket is elsewhere. */
async function run(text: string): Promise<string> {
  const socket = process.env['DOCKER_HOST']!.replace('unix://', '');
  const { stdout } = await shell('bash', ['-euc', text.replace('--volume /var/run/docker.sock', `--volume ${socket}`)]);
  return stdout;
}

describe('docs/backends/docker.md', () => {
  it('starts a parent whose runners are containers, with its own commands', async () => {
    const context = mkdtempSync(join(tmpdir(), 'flame-docs-'));
    cpSync(join(repository, 'test/apps/dist/docker'), join(context, 'dist'), { recursive: true });
    writeFileSync(join(context, 'package.json'), '{ "type": "module" }');
    // The packages are in the image already.
    mkdirSync(join(context, 'node_modules'));
    const [, dockerfile] = /^```dockerfile\n(.*?)^```$/ms.exec(page)!;
    writeFileSync(join(context, 'Dockerfile'), dockerfile!.replace(/^FROM .*/, `FROM ${nodeImage}`));
    await docker('build', '--quiet', '--tag', 'my-app', context);
    onTestFinished(async () => {
      rmSync(context, { recursive: true, maxRetries: 5 });
      await docker('rm', '--force', 'web');
      await docker('network', 'rm', 'app');
    });

    const [, start, list] = commands;
    const [network, parent, curl] = /^(docker network .*?\n)(docker run .*?\n)(curl .*?)\n/s.exec(start!)!.slice(1);
    await run(network!);
    await run(parent!);
    await until(async () => (await docker('logs', 'web')).includes('Nest application successfully started'));
    const answer = JSON.parse(await run(curl!)) as { parent: string; runner: string };
    expect(await docker('inspect', '--format', '{{.Config.Hostname}}', 'web')).toBe(answer.parent);
    expect(answer.runner).toMatch(/^work-/);
    const [runner] = await containers('nestjs-flame.pool=work');
    expect(await run(list!)).toContain(runner);
    const limits = await docker('inspect', '--format', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', runner!);
    expect(limits).toBe('536870912 1000000000');
    await docker('stop', 'web');
    await expectNothingLeft('nestjs-flame.pool=work');
  });
});
