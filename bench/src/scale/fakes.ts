/** What the parent sends: the value of `FLAME_PARENT` of one more runner, and what it must say that it can do. */
export interface Birth {
  readonly told: string;
  readonly handlers: readonly string[];
}

/** From the inside of the library, which exports it to nobody. */
const inside = new URL('../../../libs/flame/dist/transport/attach/attach-client.js', import.meta.url).href;
const { dial } = (await import(inside)) as { dial(options: object): Promise<{ open(receiver: object): void }> };

// Runners in everything but their work: sessions with a parent, over connections of their own, many in one process. They end with it.
process.on('message', ({ told, handlers }: Birth) => {
  const info = JSON.parse(Buffer.from(told, 'base64').toString()) as { version: string; digest: string };
  const manifest = { version: info.version, protocol: 1, handlers, digest: info.digest };
  dial({ info, manifest }).then(
    (link) => link.open({ frame: () => {}, closed: () => {} }),
    (error: Error) => console.error(error.message),
  );
});
process.once('disconnect', () => process.exit());
