// The reference of every public name, made from the docstrings. A name without a docstring is an error.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const library = join(import.meta.dirname, '../libs/flame');
const { exports } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
const declarations = Object.values(exports).flatMap(({ require: { types } = {} }) => types ?? []);

/** Names modules as apps import them: `backends/docker` is `nestjs-flame/docker`. */
function importNames({ converter }) {
  converter.on('resolveBegin', ({ project }) => {
    for (const module of project.children)
      module.name = module.name === 'index' ? 'nestjs-flame' : `nestjs-flame/${module.name.split('/').at(-1)}`;
  });
}

export default {
  name: 'Reference',
  entryPoints: declarations.map((file) => join(library, file.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))),
  tsconfig: join(library, 'tsconfig.lib.json'),
  plugin: ['typedoc-plugin-markdown', importNames],
  out: join(import.meta.dirname, 'reference'),
  readme: 'none',
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  entryFileName: 'index',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  validation: { notDocumented: true, notExported: false, invalidLink: true, rewrittenLink: true },
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'Variable', 'TypeAlias', 'Enum', 'Method', 'Accessor'],
  // Parts of types without a name.
  intentionallyNotDocumented: [
    'nestjs-flame.ChildArgs.__type.onFlameStart',
    'nestjs-flame/inline.$inline.F',
    'nestjs-flame/jest.default.__type.createTransformer',
  ],
  treatValidationWarningsAsErrors: true,
};
