import { Exclude } from 'class-transformer';
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { UserEntity } from '../user.entity.js';

@Entity({ name: 'session' })
export class SessionEntity {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ type: 'varchar' })
  @Exclude({ toPlainOnly: true })
  hash: string;

  @Column({ type: 'varchar' })
  device: string;

  @ManyToOne(() => UserEntity, (user) => user.sessions)
  user: Relation<UserEntity>;
}
