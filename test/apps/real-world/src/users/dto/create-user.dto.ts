import { Transform, Type } from 'class-transformer';
import { IsEmail, IsNotEmpty, MinLength, ValidateNested } from 'class-validator';
import { DeviceDto } from './device.dto.js';

export class CreateUserDto {
  @Transform(({ value }) => (typeof value === 'string' ? value.toLowerCase().trim() : value))
  @IsEmail()
  email: string;

  @MinLength(6)
  password: string;

  @IsNotEmpty()
  firstName: string;

  @IsNotEmpty()
  lastName: string;

  @ValidateNested()
  @Type(() => DeviceDto)
  device: DeviceDto;

  get domain(): string {
    return this.email.split('@')[1];
  }
}
