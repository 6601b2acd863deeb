import { randomBytes, scryptSync } from 'node:crypto';
import { Injectable, NotFoundException, UnprocessableEntityException } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { OnFlame } from 'nestjs-flame';
import { DataSource, Repository } from 'typeorm';
import { CreateUserDto } from './dto/create-user.dto.js';
import { Invoice } from './invoice.js';
import { RoleEntity } from './roles/role.entity.js';
import { SessionEntity } from './sessions/session.entity.js';
import { User } from './user.js';
import { UserEntity } from './user.entity.js';
import { UserMapper } from './user.mapper.js';

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(UserEntity) private readonly users: Repository<UserEntity>,
    @InjectDataSource() private readonly database: DataSource,
  ) {}

  @OnFlame('accounts')
  async register(dto: CreateUserDto): Promise<UserEntity> {
    if (dto.domain === 'example.org') throw new UnprocessableEntityException({ errors: { email: 'blockedDomain' } });
    const salt = randomBytes(16).toString('hex');
    const user = this.users.create({ ...dto, password: `scrypt$${salt}$${scryptSync(dto.password, salt, 32).toString('hex')}` });
    user.role = Object.assign(new RoleEntity(), { id: 2, name: 'user' });
    user.sessions = [
      Object.assign(new SessionEntity(), { hash: `session$${randomBytes(16).toString('hex')}`, device: dto.device.label() }),
    ];
    return this.users.save(user);
  }

  @OnFlame('accounts')
  async findOne(id: number): Promise<UserEntity> {
    const user = await this.users.findOne({ where: { id }, relations: { sessions: true } });
    if (!user) throw new NotFoundException(`user ${id} does not exist`);
    return user;
  }

  @OnFlame('accounts')
  async findPage(limit: number): Promise<{ data: User[]; hasNextPage: boolean; pid: number }> {
    const found = await this.users.find({ take: limit, order: { id: 'ASC' } });
    return { data: found.map((user) => UserMapper.toDomain(user)), hasNextPage: found.length === limit, pid: process.pid };
  }

  /** Gives a user's sessions to another one, and removes the user: both, or nothing. */
  @OnFlame('accounts')
  async merge(from: number, into: number): Promise<number> {
    return this.database.transaction(async (manager) => {
      const { affected } = await manager.update(SessionEntity, { user: { id: from } }, { user: { id: into } });
      await manager.delete(UserEntity, from);
      return affected ?? 0;
    });
  }

  @OnFlame('accounts')
  async invoices(id: number): Promise<{ userId: number; invoices: Invoice[] }> {
    return { userId: id, invoices: [new Invoice(12, 'DE00 1234')] };
  }
}
