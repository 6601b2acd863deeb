import { Exclude, Expose, Type } from 'class-transformer';
import { RoleEntity } from './roles/role.entity.js';

/** The domain's user, which knows nothing of the database. */
export class User {
  id: number;

  @Expose({ groups: ['me', 'admin'] })
  email: string;

  @Exclude({ toPlainOnly: true })
  password: string;

  firstName: string;

  lastName: string;

  @Type(() => RoleEntity)
  role: RoleEntity;

  @Expose()
  get fullName(): string {
    return `${this.firstName} ${this.lastName}`;
  }
}
