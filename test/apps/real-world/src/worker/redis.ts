export const redis = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
