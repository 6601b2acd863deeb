import { IsNotEmpty, IsString } from 'class-validator';

export class DeviceDto {
  @IsString()
  @IsNotEmpty()
  name: string;

  label(): string {
    return this.name.trim();
  }
}
