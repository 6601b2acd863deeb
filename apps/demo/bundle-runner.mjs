import { build } from 'esbuild';

await build({
  entryPoints: ['dist/main.js'],
  outfile: 'dist/runner.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
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
  // For packages that are CommonJS.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
});
