import { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUsers1700000000000 implements MigrationInterface {
  name = 'CreateUsers1700000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS "role" ("id" integer PRIMARY KEY, "name" varchar NOT NULL)`);
    await queryRunner.query(`INSERT INTO "role" VALUES (1, 'admin'), (2, 'user') ON CONFLICT DO NOTHING`);
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS "user" ("id" SERIAL PRIMARY KEY, "email" varchar NOT NULL UNIQUE, "password" varchar NOT NULL,
        "firstName" varchar NOT NULL, "lastName" varchar NOT NULL, "provider" varchar NOT NULL DEFAULT 'email',
        "createdAt" TIMESTAMP NOT NULL DEFAULT now(), "roleId" integer REFERENCES "role"("id"))`,
    );
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS "session" ("id" SERIAL PRIMARY KEY, "hash" varchar NOT NULL, "device" varchar NOT NULL,
        "userId" integer REFERENCES "user"("id"))`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['session', 'user', 'role']) await queryRunner.query(`DROP TABLE "${table}"`);
  }
}
