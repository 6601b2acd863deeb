import { User } from './user.js';
import { UserEntity } from './user.entity.js';

export class UserMapper {
  static toDomain(raw: UserEntity): User {
    const user = new User();
    user.id = raw.id;
    user.email = raw.email;
    user.password = raw.password;
    user.firstName = raw.firstName;
    user.lastName = raw.lastName;
    user.role = raw.role;
    return user;
  }
}
