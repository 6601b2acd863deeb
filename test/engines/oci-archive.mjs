// usage: node oci-archive.mjs ROOTFS.tar NAME:TAG OUT.tar ['JSON of config']: the archive that `docker load` and `ctr images import` read, around one layer, with no engine.
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, writeFileSync, rmSync, copyFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const [, , rootfs, tag, out, config = '{}'] = process.argv;
const hash = createHash('sha256');
for await (const chunk of createReadStream(rootfs)) hash.update(chunk);
const layer = hash.digest('hex');
const image = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  created: '2020-01-01T00:00:00Z',
  config: { Env: ['PATH=/usr/bin:/bin'], WorkingDir: '/app', ...JSON.parse(config) },
  rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  history: [{ created: '2020-01-01T00:00:00Z' }],
});
const name = `${createHash('sha256').update(image).digest('hex')}.json`;
const dir = mkdtempSync(join(tmpdir(), 'oci-'));
try {
  copyFileSync(rootfs, join(dir, 'layer.tar'));
  writeFileSync(join(dir, name), image);
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify([{ Config: name, RepoTags: [tag], Layers: ['layer.tar'] }]));
  execFileSync('tar', ['-C', dir, '-cf', out, 'manifest.json', name, 'layer.tar']);
} finally {
  rmSync(dir, { recursive: true });
}
