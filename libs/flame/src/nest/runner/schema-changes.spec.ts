import { ModulesContainer } from '@nestjs/core';
import type { Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { schemaChanges } from './schema-changes.js';

/** As much of a driver as it takes for a data source that is not opened. */
const driver = { Pool: class {}, types: {} };
const postgres = { type: 'postgres', driver } as const;

describe('schemaChanges', () => {
  async function changes(...providers: Provider[]): Promise<string[]> {
    return schemaChanges((await startApp({ providers })).get(ModulesContainer));
  }

  it('finds nothing in an app that does not change its schema', async () => {
    const careful = TypeOrmModule.forRoot({ ...postgres, manualInitialization: true, synchronize: false, migrationsRun: false });
    expect(schemaChanges((await startApp({ imports: [careful] })).get(ModulesContainer))).toEqual([]);
  });

  it('names synchronize and migrationsRun of TypeOrmModule.forRoot and forRootAsync', async () => {
    const sync = TypeOrmModule.forRoot({ ...postgres, manualInitialization: true, synchronize: true });
    const migrating = TypeOrmModule.forRootAsync({
      name: 'books',
      useFactory: async () => ({ ...postgres, name: 'books', manualInitialization: true, migrationsRun: true }),
    });
    expect(schemaChanges((await startApp({ imports: [sync, migrating] })).get(ModulesContainer))).toEqual([
      `TypeORM's data source "default" has synchronize: true; write synchronize: !FlameParent.get()`,
      `TypeORM's data source "books" has migrationsRun: true; write migrationsRun: !FlameParent.get()`,
    ]);
  });

  it('names those of a DataSource that the app has opened itself', async () => {
    const opened = new DataSource({ ...postgres, synchronize: true, dropSchema: true });
    Object.defineProperty(opened, 'isInitialized', { value: true });
    const closed = new DataSource({ ...postgres, migrationsRun: true });
    expect(await changes({ provide: 'own', useValue: opened }, { provide: 'closed', useValue: closed })).toEqual([
      expect.stringContaining(`"default" has synchronize: true and dropSchema: true`),
    ]);
  });

  it('names Sequelize connections that load their models', async () => {
    const given = (options: object): Provider => ({ provide: 'SequelizeModuleOptions', useValue: options });
    expect(await changes(given({ autoLoadModels: true }))).toEqual([
      `Sequelize's connection "default" synchronizes its models; write synchronize: !FlameParent.get()`,
    ]);
    expect(await changes(given({ autoLoadModels: true, synchronize: false }))).toEqual([]);
    expect(await changes(given({}))).toEqual([]);
  });
});
