import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { TypeOrmConfigService } from './database/typeorm-config.service.js';
import { UsersModule } from './users.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
    TypeOrmModule.forRootAsync({ useClass: TypeOrmConfigService }),
    FlameModule.forRoot([{ name: 'accounts', max: 1 }], { backend: new ProcessBackend() }),
    UsersModule,
  ],
})
export class AppModule {}
