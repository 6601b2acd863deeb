import { Body, Controller, Get, Param, ParseIntPipe, Post, Query, SerializeOptions } from '@nestjs/common';
import { CreateUserDto } from './dto/create-user.dto.js';
import { UserEntity } from './user.entity.js';
import { UsersService } from './users.service.js';

@Controller({ path: 'users' })
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

  @Get(':id/invoices')
  invoices(@Param('id', ParseIntPipe) id: number) {
    return this.users.invoices(id);
  }
}
