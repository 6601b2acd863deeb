import { createHash } from 'node:crypto';
import type { FindClasses, FoundClass } from '../../core/codec/classes/automatic-classes.js';
import { loadedModules } from './app-packages.js';
import type { Class } from '../handlers/provider-home.js';

/**
 * Finds the classes to register automatically: those decorated for class-transformer, class-validator, TypeORM or GraphQL, the classes of
 * their members, and the classes in `signatures`, the signatures of handlers. It reads the packages' own metadata storages if the app has
 * loaded the packages; a storage of an unknown shape is ignored. All storages but class-transformer's are global variables.
 */
export function automaticClasses(signatures: () => Iterable<unknown> = () => []): FindClasses {
  return () => {
    const found = new Map<object, { kinds: Set<string>; members: Set<string> }>();
    const known = storedEntries();
    for (const { kind, type, member } of [
      ...known,
      ...Array.from([...typesOf(known), ...signatures()], (type) => ({ kind: undefined, type, member: undefined })),
    ]) {
      if (typeof type !== 'function' || typeof type.prototype !== 'object' || type.prototype === null) continue;
      let about = found.get(type);
      if (!about) found.set(type, (about = { kinds: new Set(), members: new Set() }));
      if (kind !== undefined) about.kinds.add(kind);
      if (typeof member === 'string') about.members.add(member);
    }
    return Array.from(found, ([type, { kinds, members }]): FoundClass => ({
      type: type as Class,
      // In a bundle class-transformer's storage cannot be found, so names must not depend on it.
      kinds: [...kinds].filter((kind) => kind !== transformer).toSorted(),
      transformed: kinds.has(transformer),
      digest: () => digestOf(type as Class, members),
    }));
  };
}

/** A metadata entry of a class, or of one of its members. */
interface Entry {
  readonly kind: string | undefined;
  readonly type: unknown;
  readonly member?: unknown;
}

const transformer = 'class-transformer';

function storedEntries(): Entry[] {
  const { classValidatorMetadataStorage, typeormMetadataArgsStorage, GqlTypeMetadataStorage, GqlLazyMetadataStorageHost } =
    globalThis as unknown as Globals;
  return [
    ...transformerStorages().flatMap((storage) => transformed(storage)),
    ...targets('class-validator', values(classValidatorMetadataStorage?.validationMetadatas)),
    ...['tables', 'columns', 'relations', 'embeddeds'].flatMap((list) => targets('typeorm', values(typeormMetadataArgsStorage?.[list]))),
    ...['getObjectTypesMetadata', 'getInputTypesMetadata', 'getInterfacesMetadata', 'getArgumentsMetadata'].flatMap((list) =>
      targets('graphql', values(GqlTypeMetadataStorage?.[list]?.())),
    ),
    // GqlTypeMetadataStorage lists input types only after the schema has been built; this storage lists them from the start. It also
    // contains resolvers, which hold no data and are left out.
    ...Array.from(GqlLazyMetadataStorageHost?.lazyMetadataByTarget?.keys() ?? [])
      .filter((type) => typeof type === 'function' && Reflect.hasOwnMetadata('graphql:class_type', type))
      .map((type) => ({ kind: 'graphql', type })),
  ];
}

interface Globals {
  readonly classValidatorMetadataStorage?: { readonly validationMetadatas?: unknown };
  readonly typeormMetadataArgsStorage?: Record<string, unknown>;
  readonly GqlLazyMetadataStorageHost?: { readonly lazyMetadataByTarget?: ReadonlyMap<unknown, unknown> };
  readonly GqlTypeMetadataStorage?: Record<string, (() => unknown) | undefined>;
}

/** The storages of all loaded copies of class-transformer. Node only loads its CommonJS build. */
function transformerStorages(): Record<string, unknown>[] {
  const cache = loadedModules();
  return Object.keys(cache)
    .filter((file) => /[\\/]class-transformer[\\/](?:cjs[\\/])?storage\.js$/.test(file))
    .map(
      (file) => (cache[file]?.exports as { defaultMetadataStorage?: Record<string, unknown> } | undefined)?.defaultMetadataStorage ?? {},
    );
}

function transformed(storage: Record<string, unknown>): Entry[] {
  return ['_typeMetadatas', '_transformMetadatas', '_exposeMetadatas', '_excludeMetadatas'].flatMap((list) =>
    Array.from((storage[list] as Map<unknown, Map<string | undefined, unknown>> | undefined) ?? []).flatMap(([type, members]) =>
      Array.from(members.keys(), (member) => ({ kind: transformer, type, member })),
    ),
  );
}

/** The classes of members, from `@Type` or from decorator metadata. */
function* typesOf(known: readonly Entry[]): Generator<unknown> {
  for (const { type, member } of known) {
    if (typeof type === 'function' && typeof member === 'string')
      yield Reflect.getMetadata('design:type', type.prototype as object, member);
  }
  for (const storage of transformerStorages()) {
    for (const members of (storage['_typeMetadatas'] as Map<unknown, Map<unknown, TypeMetadata>> | undefined)?.values() ?? []) {
      for (const { typeFunction, options } of members.values()) {
        yield typeGivenBy(typeFunction);
        for (const { value } of options?.discriminator?.subTypes ?? []) yield value;
      }
    }
  }
}

/** class-transformer's metadata of `@Type`. */
interface TypeMetadata {
  readonly typeFunction?: () => unknown;
  readonly options?: { readonly discriminator?: { readonly subTypes?: readonly { readonly value?: unknown }[] } };
}

function typeGivenBy(typeFunction: (() => unknown) | undefined): unknown {
  try {
    return typeFunction?.();
  } catch {
    // The function needs the object that is transformed, which does not exist here.
    return undefined;
  }
}

/** The entries of decorator metadata: `target` is a class or a name, `propertyName` a member of it. */
function targets(kind: string, metadata: unknown[]): Entry[] {
  return metadata.flatMap((each) => {
    const { target, propertyName } = each as { target?: unknown; propertyName?: unknown };
    return [{ kind, type: target, member: propertyName }];
  });
}

/** The items of a list, or of the lists in a Map. */
function values(list: unknown): object[] {
  const items = list instanceof Map ? [...list.values()].flat() : list;
  return Array.isArray(items) ? items.filter((item): item is object => typeof item === 'object' && item !== null) : [];
}

function digestOf(type: Class, members: ReadonlySet<string>): string {
  const hash = createHash('sha256');
  for (let level: unknown = type; typeof level === 'function' && level !== Function.prototype; level = Object.getPrototypeOf(level)) {
    hash.update(Function.prototype.toString.call(level)).update(
      Object.getOwnPropertyNames(level.prototype ?? {})
        .toSorted()
        .join(),
    );
  }
  return hash
    .update([...members].toSorted().join())
    .digest('hex')
    .slice(0, 12);
}
