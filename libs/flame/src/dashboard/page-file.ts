import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlameError } from '../core/errors/flame-error.js';
import { packageFolder } from '../system/package-folder.js';

/** The page as it is sent: one document with its style and script, and the Content-Security-Policy that allows no other script or style. */
export interface PageFile {
  readonly html: string;
  readonly etag: string;
  readonly policy: string;
}

/**
 * Builds the page from the files that `npm run build` makes of `libs/flame/page`.
 *
 * @throws {FlameError} FLAME_CONFIG when files of the package are missing.
 */
export async function readPage(folder = join(packageFolder() ?? '.', 'dist/page')): Promise<PageFile> {
  const [script, style] = await Promise.all([read(folder, 'page.js'), read(folder, 'page.css')]);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>flame</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This page shows the app's pools live, and needs JavaScript.</noscript>
<script type="module">${script}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash(script)}'`,
    `style-src 'sha256-${hash(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, etag: `"${hash(html).slice(0, 24)}"`, policy };
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return (await readFile(join(folder, name), 'utf8')).trim();
  } catch (error) {
    throw new FlameError(
      'FLAME_CONFIG',
      `the dashboard's page is missing (${name}): a bundler omitted it, or the library was built only in part. ` +
        `Keep nestjs-flame out of the bundle (externals), or run npm run build in its repository.`,
      { cause: error },
    );
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
