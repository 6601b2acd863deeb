import { describe, expect, it } from 'vitest';
import type { AppBuild } from '../../backends/launch/app-build.js';
import type { BuildDigest } from '../../core/manifest.js';
import type { Hello } from '../../transport/session/link.js';
import { BuildCheck } from './build-check.js';

const here = { entry: 'dist/main', files: 3, digest: 'aaaaaaaaaaaa' };
const build = { digest: here, changes: () => [] as string[] } as Partial<AppBuild> as AppBuild;

function hello(runner: string, of: Partial<BuildDigest> | undefined): Hello {
  const manifest = { version: '1', protocol: 1, handlers: [], digest: '', build: of && { ...here, ...of } };
  return { runner, manifest, pid: 1, host: 'h', node: '20.19.0' };
}

const other = { digest: 'bbbbbbbbbbbb', files: 1 };

describe('BuildCheck', () => {
  it('warns once of each different build, and lets its runners attach', () => {
    const warnings: string[] = [];
    const check = new BuildCheck(build, 'warn', (text) => void warnings.push(text));
    for (const [index, of] of [other, other, { digest: 'cc' }, {}, other].entries())
      expect(check.refusal(hello(`r${index}`, of))).toBeUndefined();
    expect(warnings).toEqual([
      'runner r0 was started from another build of the app than its parent: the runner has build bbbbbbbb (1 file), the parent build aaaaaaaa (3 files). ' +
        "Restart the parent, and deploy each build to its own folder or image. This warning is logged once for each build. Set buildMismatch: 'refuse' to refuse such runners.",
      expect.stringContaining('runner r2 '),
    ]);
  });

  it("refuses different builds with 'refuse', and names the files that changed on disk", () => {
    const changes = (): string[] => ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `dist/${name}.js`);
    const check = new BuildCheck({ ...build, changes } as AppBuild, 'refuse', () => expect.unreachable());
    for (let round = 0; round < 2; round++)
      expect(check.refusal(hello('r', other))).toContain(
        'since the parent started: dist/a.js, dist/b.js, dist/c.js, dist/d.js, dist/e.js and 2 more. Restart',
      );
  });

  it.each([
    ['the same build', {}],
    ['another main file, such as a bundle', { ...other, entry: 'dist/bundle' }],
    ['no build that is known', undefined],
  ])('lets %s attach', (_, of) => {
    const check = new BuildCheck(build, 'refuse', () => expect.unreachable());
    expect(check.refusal(hello('r', of))).toBeUndefined();
  });

  it("lets every build attach if its own is unknown, or with 'ignore'", () => {
    for (const check of [
      new BuildCheck(undefined, 'refuse', () => expect.unreachable()),
      new BuildCheck(build, 'ignore', () => expect.unreachable()),
    ])
      expect(check.refusal(hello('r', other))).toBeUndefined();
  });
});
