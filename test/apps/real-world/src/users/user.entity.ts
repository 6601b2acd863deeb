import { Exclude, Expose } from 'class-transformer';
import { AfterLoad, Column, CreateDateColumn, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { RoleEntity } from './roles/role.entity.js';
import { SessionEntity } from './sessions/session.entity.js';

@Entity({ name: 'user' })
export class UserEntity {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ type: 'varchar', unique: true })
  @Expose({ groups: ['me', 'admin'] })
  email: string;

  @Column({ type: 'varchar' })
  @Exclude({ toPlainOnly: true })
  password: string;

  @Exclude({ toPlainOnly: true })
  previousPassword?: string;

  @AfterLoad()
  loadPreviousPassword(): void {
    this.previousPassword = this.password;
  }

  @Column({ type: 'varchar' })
  firstName: string;

  @Column({ type: 'varchar' })
  lastName: string;

  @Expose()
  get fullName(): string {
    return `${this.firstName} ${this.lastName}`;
  }

  @Column({ type: 'varchar', default: 'email' })
  @Expose({ groups: ['me', 'admin'] })
  provider: string;

  @CreateDateColumn()
  createdAt: Date;

  @ManyToOne(() => RoleEntity, { eager: true })
  role: RoleEntity;

  @OneToMany(() => SessionEntity, (session) => session.user, { cascade: true })
  sessions: Relation<SessionEntity[]>;
}
