import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import { FlameParent } from 'nestjs-flame';
import { CreateUsers1700000000000 } from './migrations/1700000000000-create-users.js';

@Injectable()
export class TypeOrmConfigService implements TypeOrmOptionsFactory {
  constructor(private readonly config: ConfigService) {}

  createTypeOrmOptions(): TypeOrmModuleOptions {
    const schema = this.config.get<string>('DATABASE_SCHEMA');
    return {
      type: 'postgres',
      url: this.config.getOrThrow<string>('DATABASE_URL'),
      autoLoadEntities: true,
      migrations: [CreateUsers1700000000000],
      migrationsRun: schema === 'everywhere' || !FlameParent.get(),
      synchronize: schema === 'everywhere',
      extra: { max: FlameParent.choose({ parent: 10, runner: 1 }) },
    };
  }
}
