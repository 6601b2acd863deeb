import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'role' })
export class RoleEntity {
  @PrimaryColumn()
  id: number;

  @Column({ type: 'varchar' })
  name: string;

  isAdmin(): boolean {
    return this.name === 'admin';
  }
}
