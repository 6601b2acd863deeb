import type { SandboxedJob } from 'bullmq';
import { burn } from './burn.js';

/** What the sandboxed processes run. */
export default async function (job: SandboxedJob<number>): Promise<number | void> {
  if (job.name === 'echo') return job.data;
  burn(job.data);
}
