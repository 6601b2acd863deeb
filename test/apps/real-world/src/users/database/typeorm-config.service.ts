import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import { databaseOptions } from './database-options.js';

/** What a test changes in the app's options. */
const variants: Record<string, Partial<TypeOrmModuleOptions>> = {
  'changed by runners': { migrationsRun: true, synchronize: true },
  'found by paths': {
    autoLoadEntities: false,
    entities: [join(__dirname, '../**/*.entity.js')],
    migrations: [join(__dirname, 'migrations/*.js')],
  },
};

@Injectable()
export class TypeOrmConfigService implements TypeOrmOptionsFactory {
  constructor(private readonly config: ConfigService) {}

  createTypeOrmOptions(): TypeOrmModuleOptions {
    const options = databaseOptions(this.config.getOrThrow<string>('DATABASE_URL'));
    return { ...options, ...variants[this.config.get<string>('DATABASE_SCHEMA', '')] } as TypeOrmModuleOptions;
  }
}
