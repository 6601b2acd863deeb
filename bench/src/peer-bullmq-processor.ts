import type { SandboxedJob } from 'bullmq';
import { burn } from './burn.js';

/** The program of the sandboxed processes. */
export default async function (job: SandboxedJob<number>): Promise<number | void> {
  if (job.name === 'echo') return job.data;
  burn(job.data);
}
