import { copyFileSync } from 'node:fs';
import { build } from 'esbuild';

await build({
  entryPoints: ['dist/runner.js'],
  outfile: 'dist/runner-bundle.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // Names of classes are names of handlers.
  keepNames: true,
  minify: true,
  // From compiled files: esbuild does not emit the metadata that Nest injects by.
  tsconfigRaw: '{}',
  // What Nest and nestjs-flame load only where it is installed and wanted, and packages that look for files of their own.
  external: [
    ...['@nestjs/microservices', '@nestjs/websockets', 'class-transformer', 'class-validator'].flatMap((name) => [name, `${name}/*`]),
    ...['@grpc/reflection', '@kubernetes/client-node', '@opentelemetry/api', 'dockerode', 'prom-client'],
    '@ffmpeg-installer/ffmpeg',
  ],
  // For packages that are ES modules.
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
});
copyFileSync('start-runner.cjs', 'dist/start-runner.cjs');
