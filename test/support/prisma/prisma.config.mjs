import { defineConfig } from 'prisma/config';

// The commands that connect to a database are not used.
export default defineConfig({ schema: 'schema.prisma', datasource: { url: 'postgresql://localhost/none' } });
