import type { ModulesContainer } from '@nestjs/core';
import { isNamed } from '../decorator/declaration.js';

/** The options of TypeORM and `@nestjs/sequelize` that are used. */
interface DatabaseOptions {
  readonly name?: string;
  readonly synchronize?: boolean;
  readonly migrationsRun?: boolean;
  readonly dropSchema?: boolean;
  readonly autoLoadModels?: boolean;
}

/**
 * Names the database connections that change the schema when they open, with the fix: TypeORM's `synchronize`, `migrationsRun` and
 * `dropSchema`, Sequelize's `autoLoadModels`. It finds them by the option tokens of their Nest modules and by the class name `DataSource`,
 * so that no package needs to be installed. Options of a factory are found once it has run.
 */
export function schemaChanges(modules: ModulesContainer): string[] {
  const found: string[] = [];
  for (const module of modules.values()) {
    for (const [token, { instance }] of module.providers) {
      if (typeof instance !== 'object' || instance === null) continue;
      if (token === 'TypeOrmModuleOptions') found.push(...typeorm(instance as DatabaseOptions));
      else if (token === 'SequelizeModuleOptions') found.push(...sequelize(instance as DatabaseOptions));
      else if (isNamed(instance, 'DataSource')) found.push(...dataSource(instance));
    }
  }
  return [...new Set(found)];
}

/** A data source that is not open changes nothing. */
function dataSource(instance: { isInitialized?: boolean; options?: DatabaseOptions }): string[] {
  return instance.isInitialized && instance.options ? typeorm(instance.options) : [];
}

function typeorm(options: DatabaseOptions): string[] {
  const live = (['synchronize', 'migrationsRun', 'dropSchema'] as const).filter((option) => options[option] === true);
  if (live.length === 0) return [];
  return [`TypeORM's data source "${options.name ?? 'default'}" has ${setTo(live, 'true')}; write ${setTo(live, '!FlameParent.get()')}`];
}

/** Sequelize synchronizes by default, but only models that it loads itself. */
function sequelize(options: DatabaseOptions): string[] {
  if (!options.autoLoadModels || options.synchronize === false) return [];
  return [`Sequelize's connection "${options.name ?? 'default'}" synchronizes its models; write synchronize: !FlameParent.get()`];
}

function setTo(options: readonly string[], value: string): string {
  return options.map((option) => `${option}: ${value}`).join(' and ');
}
