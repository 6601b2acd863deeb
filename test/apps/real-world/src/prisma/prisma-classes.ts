import type { FlameModuleOptions } from 'nestjs-flame';
import { Prisma } from './generated/client.js';

export const prismaClasses: FlameModuleOptions['classes'] = [
  Prisma.PrismaClientKnownRequestError,
  { type: Prisma.Decimal, encode: (value: Prisma.Decimal) => value.toFixed(), decode: (digits: string) => new Prisma.Decimal(digits) },
];
