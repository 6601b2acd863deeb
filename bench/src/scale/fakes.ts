import type { Manifest } from '../../../libs/flame/dist/core/manifest.js';
import type { ParentInfo } from '../../../libs/flame/dist/core/parent-info.js';
import { dial } from '../../../libs/flame/dist/wire/attach-client.js';

/** What the parent sends: the value of `FLAME_PARENT` of one more runner, and what it must say that it can do. */
export interface Birth {
  readonly told: string;
  readonly handlers: readonly string[];
}

// Runners in everything but their work: sessions with a parent, over connections of their own, many in one process. They end with it.
process.on('message', ({ told, handlers }: Birth) => {
  const info = JSON.parse(Buffer.from(told, 'base64').toString()) as ParentInfo;
  const manifest: Manifest = { version: info.version, protocol: 1, handlers, digest: info.digest };
  dial({ info, manifest }).then(
    (link) => link.open({ frame: () => {}, closed: () => {} }),
    (error: Error) => console.error(error.message),
  );
});
process.once('disconnect', () => process.exit());
