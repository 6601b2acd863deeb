import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../support/free-port.js';
import { tool } from '../support/tool.js';

/** A registry on this host: it has the packed library, and passes on what it does not have from this machine's registry. */
export interface OwnRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a registry and publishes the tarball to it. */
export async function openRegistry(tarball: string): Promise<OwnRegistry> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-registry-')));
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  writeFileSync(
    join(folder, 'config.yaml'),
    `storage: ${folder}/storage
uplinks: { upstream: { url: '${upstream}', timeout: 60s, maxage: 60m } }
packages:
  nestjs-flame: { access: $all, publish: $all }
  '**': { access: $all, proxy: upstream }
log: { type: stdout, format: json, level: info }
`,
  );
  // Its own dependency names a version by a tag, which some registries do not have.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides: { 'node-fetch': '2.7.0' } }));
  execFileSync(join(import.meta.dirname, '../support/modules.sh'), [folder, 'verdaccio@6.8'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = [join(folder, 'node_modules/verdaccio/bin/verdaccio'), '--config', join(folder, 'config.yaml'), '--listen', url];
  const server = spawn(join(tool('node@24'), 'node'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(server, 'exit');
  await new Promise<void>((resolve, reject) => {
    createInterface(server.stdout).on('line', (line) => void (line.includes('http address') && resolve()));
    void exited.then(() => reject(new Error('the registry ended')));
  });
  const token = `--${url.slice('http:'.length)}/:_authToken=anyone`;
  execFileSync('npm', ['publish', tarball, '--registry', url, token, '--loglevel', 'error'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const close = async (): Promise<void> => {
    server.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, maxRetries: 5 });
  };
  return { url, close };
}
