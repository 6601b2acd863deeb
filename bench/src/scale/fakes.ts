/** A message of the parent: the value of `FLAME_PARENT` for another runner, and the manifest that the runner must send. */
export interface Birth {
  readonly told: string;
  readonly handlers: readonly string[];
}

/** From the library's internal modules, which it does not export. */
const inside = new URL('../../../libs/flame/dist/transport/attach/attach-client.js', import.meta.url).href;
const { dial } = (await import(inside)) as { dial(options: object): Promise<{ open(receiver: object): void }> };

// Fake runners: each has a session with the parent over its own connection, but runs no handlers. All are in this process, and end with it.
process.on('message', ({ told, handlers }: Birth) => {
  const info = JSON.parse(Buffer.from(told, 'base64').toString()) as { version: string; digest: string };
  const manifest = { version: info.version, protocol: 1, handlers, digest: info.digest };
  dial({ info, manifest }).then(
    (link) => link.open({ frame: () => {}, closed: () => {} }),
    (error: Error) => console.error(error.message),
  );
});
process.once('disconnect', () => process.exit());
