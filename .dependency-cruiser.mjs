/**
 * The layers of the library: which folders of `libs/flame/src` each folder may import, besides itself. Imports point downwards only.
 * Tests may import anything.
 */
const layers = {
  core: [],
  inline: ['core'],
  system: ['core'],
  transport: ['core', 'system'],
  backends: ['core', 'system'],
  streams: ['core', 'system'],
  pool: ['core', 'system', 'transport', 'backends', 'streams'],
  runner: ['core', 'system', 'transport', 'backends', 'streams'],
  ops: ['core', 'system', 'transport'],
  nest: ['core', 'inline', 'system', 'transport', 'backends', 'streams', 'pool', 'runner', 'ops'],
  rpc: ['core', 'system', 'transport', 'backends', 'streams', 'pool', 'runner', 'ops', 'nest'],
  metrics: ['core', 'nest'],
  bullmq: ['core', 'nest', 'runner'],
  tracing: ['core'],
  compile: ['core'],
  dashboard: ['core', 'system', 'transport', 'pool', 'nest'],
  testing: ['core', 'system', 'backends', 'nest'],
  loaders: ['core', 'compile'],
  bundle: ['core', 'backends', 'compile', 'loaders'],
  cli: ['core', 'backends', 'pool', 'ops', 'nest', 'compile', 'loaders', 'bundle'],
};

/** What core may use besides itself: no Nest, no gRPC, no timers, no input or output. */
const pure = ['node_modules/msgpackr/', '^(node:)?(util|util/types|buffer|events|async_hooks)$', '^msgpackr$'];

const src = '^libs/flame/src';
const spec = String.raw`\.spec\.ts$`;
const nestPackages = '(^|node_modules/)@nestjs/';
const grpcPackages = '(^|node_modules/)(@grpc/|grpc-)';

const between = Object.entries(layers).map(([layer, below]) => ({
  name: `${layer}-imports`,
  comment: below.length
    ? `${layer} imports ${below.join(', ')} and nothing else of the library.`
    : `${layer} imports nothing else of the library.`,
  severity: 'error',
  from: { path: `${src}/${layer}/`, pathNot: spec },
  to: { path: `${src}/[^/]+/`, pathNot: `${src}/(${[layer, ...below].join('|')})/` },
}));

export default {
  forbidden: [
    ...between,
    {
      name: 'core-is-pure',
      comment: 'core is pure: no Nest, no gRPC, no timers, no input or output.',
      severity: 'error',
      from: { path: `${src}/core/`, pathNot: spec },
      to: { pathNot: [`${src}/core/`, ...pure] },
    },
    {
      name: 'nest-above',
      comment: 'Only nest, and what is built on it, knows Nest.',
      severity: 'error',
      from: { path: `${src}/(system|transport|backends|streams|pool|runner|ops|tracing|cli)/`, pathNot: spec },
      to: { path: nestPackages },
    },
    {
      name: 'grpc-below',
      comment: 'Only transport, ops and rpc/instances know gRPC.',
      severity: 'error',
      from: { path: src, pathNot: [spec, `${src}/(transport|ops|rpc/instances)/`] },
      to: { path: grpcPackages, pathNot: '@grpc/reflection' },
    },
    {
      name: 'no-tests',
      comment: 'What is published imports neither tests nor what tests import.',
      severity: 'error',
      from: { path: src, pathNot: [spec, `${src}/testing/`] },
      to: { path: [spec, '^test/', `${src}/testing/`] },
    },
    {
      name: 'a-layer-of-its-own',
      comment: 'A new folder of the library gets its line in the table of layers (.dependency-cruiser.mjs).',
      severity: 'error',
      from: { path: `${src}/[^/]+/`, pathNot: `${src}/(${Object.keys(layers).join('|')})/` },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'], mainFields: ['main', 'types'] },
  },
};
