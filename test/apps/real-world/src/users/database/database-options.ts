import { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { FlameParent } from 'nestjs-flame';
import { CreateUsers1700000000000 } from './migrations/1700000000000-create-users.js';

export function databaseOptions(url: string): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    url,
    applicationName: FlameParent.choose({ parent: 'users', runner: 'users-runner' }), // as pg_stat_activity shows it
    poolSize: FlameParent.choose({ parent: 10, runner: 2 }), // of each process
    autoLoadEntities: true,
    migrations: [CreateUsers1700000000000],
    migrationsRun: !FlameParent.get(), // runners that boot at once would race
  };
}
