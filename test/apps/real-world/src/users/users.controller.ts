import { Body, Controller, Get, Param, ParseIntPipe, Post, Query, SerializeOptions, UseFilters } from '@nestjs/common';
import { CreateUserDto } from './dto/create-user.dto.js';
import { DuplicateFilter } from './duplicate.filter.js';
import { UserEntity } from './user.entity.js';
import { UsersService } from './users.service.js';

@Controller({ path: 'users' })
@UseFilters(DuplicateFilter)
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post()
  create(@Body() dto: CreateUserDto): Promise<UserEntity> {
    return this.users.register(dto);
  }

  @Get()
  findAll(@Query('limit', ParseIntPipe) limit: number) {
    return this.users.findPage(limit);
  }

  @Get(':id')
  findOne(@Param('id', ParseIntPipe) id: number): Promise<UserEntity> {
    return this.users.findOne(id);
  }

  @Get(':id/me')
  @SerializeOptions({ groups: ['me'] })
  me(@Param('id', ParseIntPipe) id: number): Promise<UserEntity> {
    return this.users.findOne(id);
  }

  @Post(':from/merge/:into')
  merge(@Param('from', ParseIntPipe) from: number, @Param('into', ParseIntPipe) into: number): Promise<number> {
    return this.users.merge(from, into);
  }

  @Get(':id/invoices')
  invoices(@Param('id', ParseIntPipe) id: number) {
    return this.users.invoices(id);
  }
}
