import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionEntity } from './sessions/session.entity.js';
import { RoleEntity } from './roles/role.entity.js';
import { UserEntity } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([UserEntity, RoleEntity, SessionEntity])],
  controllers: [UsersController],
  providers: [UsersService],
})
export class UsersModule {}
