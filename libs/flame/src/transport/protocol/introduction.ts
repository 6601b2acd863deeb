import type { BuildDigest } from '../../core/manifest.js';
import type { Hello } from '../session/link.js';
import { ProtoReader, ProtoWriter, Violation } from './protobuf.js';
import { packetTags } from './wire-frame.js';
import type { SharedMemoryInfo } from '../session/shared-memory.js';

/**
 * How a runner authenticates. On the first connection it sends its token. On later ones it sends the key of the session, and the number of
 * the last packet that it has received.
 */
export interface Credentials {
  readonly runner: string;
  readonly token: string;
  readonly session: Uint8Array;
  readonly received: number;
}

/** A `flame.v1.Hello` whose `about` is not decoded yet: the credentials are checked first. */
export interface RawHello extends Credentials {
  readonly about: Uint8Array;
}

/**
 * The answer to a hello: the key that resumes the session, and the number of the last packet that this end has received. An instance also
 * describes itself.
 */
export interface Welcome {
  readonly session: Uint8Array;
  readonly received: number;
  readonly instance?: Hello | undefined;
  /** Files through which both ends may send large values; undefined if there are none. */
  readonly shared?: SharedMemoryInfo | undefined;
}

const helloTags = { runner: 10, token: 18, session: 26, received: 32, about: 42 } as const;
const aboutTags = {
  version: 10,
  protocol: 16,
  handlers: 26,
  digest: 34,
  pid: 40,
  host: 50,
  node: 58,
  region: 66,
  app: 74,
  build: 82,
  processes: 88,
  code: 98,
  positions: 104,
} as const;
const buildTags = { entry: 10, files: 16, digest: 26 } as const;
const welcomeTags = { session: 10, received: 16, about: 26, instance: 34, shared: 42, sharedSize: 48, sharedAbove: 56 } as const;

export function helloPacket(credentials: Credentials, hello: Hello): Buffer {
  const out = new ProtoWriter(256);
  out.string(helloTags.runner, credentials.runner);
  out.string(helloTags.token, credentials.token);
  out.blob(helloTags.session, credentials.session);
  out.uint(helloTags.received, credentials.received);
  out.blob(helloTags.about, aboutBytes(hello));
  return introductionPacket('hello', out.bytes.subarray(0, out.at));
}

function aboutBytes(hello: Hello): Uint8Array {
  const about = new ProtoWriter(256);
  const { version, protocol, handlers, code, digest, build } = hello.manifest;
  about.string(aboutTags.version, version);
  about.uint(aboutTags.protocol, protocol);
  for (const handler of handlers) about.string(aboutTags.handlers, handler);
  for (const each of code ?? []) about.string(aboutTags.code, each);
  about.string(aboutTags.digest, digest);
  about.uint(aboutTags.pid, hello.pid);
  about.string(aboutTags.host, hello.host);
  about.string(aboutTags.node, hello.node);
  about.string(aboutTags.region, hello.region ?? '');
  about.string(aboutTags.app, hello.app ?? '');
  if (build) about.blob(aboutTags.build, buildBytes(build));
  about.uint(aboutTags.processes, hello.processes ?? 0);
  about.bool(aboutTags.positions, hello.positions ?? false);
  return about.bytes.subarray(0, about.at);
}

function buildBytes({ entry, files, digest }: BuildDigest): Uint8Array {
  const build = new ProtoWriter(128);
  build.string(buildTags.entry, entry);
  build.uint(buildTags.files, files);
  build.string(buildTags.digest, digest);
  return build.bytes.subarray(0, build.at);
}

function readBuild(bytes: Uint8Array): BuildDigest {
  const from = new ProtoReader(bytes);
  const build = { entry: '', files: 0, digest: '' };
  while (!from.done) {
    const tag = from.varint();
    if (tag === buildTags.entry) build.entry = from.string();
    else if (tag === buildTags.files) build.files = from.varint();
    else if (tag === buildTags.digest) build.digest = from.string();
    else from.skip(tag);
  }
  return build;
}

/** @throws {Violation} */
export function readHello(packet: Uint8Array): RawHello {
  const from = new ProtoReader(readIntroduction('hello', packet));
  const raw = { runner: '', token: '', session: none, received: 0, about: none };
  while (!from.done) {
    const tag = from.varint();
    if (tag === helloTags.runner) raw.runner = from.string();
    else if (tag === helloTags.token) raw.token = from.string();
    else if (tag === helloTags.session) raw.session = from.blob();
    else if (tag === helloTags.received) raw.received = from.varint();
    else if (tag === helloTags.about) raw.about = from.blob();
    else from.skip(tag);
  }
  return raw;
}

/** Decodes the description of a runner or an instance. @throws {Violation} */
export function readAbout({ runner, about }: Pick<RawHello, 'runner' | 'about'>): Hello {
  const from = new ProtoReader(about);
  const handlers: string[] = [];
  const code: string[] = [];
  let build: BuildDigest | undefined;
  let positions = false;
  let [version, protocol, digest, pid, host, node, region, app, processes] = ['', 0, '', 0, '', '', '', '', 0];
  while (!from.done) {
    const tag = from.varint();
    if (tag === aboutTags.version) version = from.string();
    else if (tag === aboutTags.protocol) protocol = from.varint();
    else if (tag === aboutTags.handlers) handlers.push(from.string());
    else if (tag === aboutTags.code) code.push(from.string());
    else if (tag === aboutTags.digest) digest = from.string();
    else if (tag === aboutTags.pid) pid = from.varint();
    else if (tag === aboutTags.host) host = from.string();
    else if (tag === aboutTags.node) node = from.string();
    else if (tag === aboutTags.region) region = from.string();
    else if (tag === aboutTags.app) app = from.string();
    else if (tag === aboutTags.processes) processes = from.varint();
    else if (tag === aboutTags.positions) positions = from.bool();
    else if (tag === aboutTags.build) build = readBuild(from.blob());
    else from.skip(tag);
  }
  const hello = {
    runner,
    manifest: { version, protocol, handlers, digest, ...(code.length > 0 && { code }), ...(build && { build }) },
    pid,
    host,
    node,
    ...(processes > 0 && { processes }),
  };
  return region === '' ? hello : { ...hello, region, app, ...(positions && { positions }) };
}

export function welcomePacket({ session, received, instance, shared }: Welcome): Buffer {
  const out = new ProtoWriter(64);
  out.blob(welcomeTags.session, session);
  out.uint(welcomeTags.received, received);
  if (instance) {
    out.blob(welcomeTags.about, aboutBytes(instance));
    out.string(welcomeTags.instance, instance.runner);
  }
  if (shared) {
    out.string(welcomeTags.shared, shared.path);
    out.uint(welcomeTags.sharedSize, shared.size);
    out.uint(welcomeTags.sharedAbove, shared.above);
  }
  return introductionPacket('welcome', out.bytes.subarray(0, out.at));
}

/** @throws {Violation} */
export function readWelcome(packet: Uint8Array): Welcome {
  const from = new ProtoReader(readIntroduction('welcome', packet));
  const welcome = { session: none, received: 0 };
  let [about, runner] = [none, ''];
  const shared = { path: '', size: 0, above: 0 };
  while (!from.done) {
    const tag = from.varint();
    if (tag === welcomeTags.session) welcome.session = from.blob();
    else if (tag === welcomeTags.received) welcome.received = from.varint();
    else if (tag === welcomeTags.about) about = from.blob();
    else if (tag === welcomeTags.instance) runner = from.string();
    else if (tag === welcomeTags.shared) shared.path = from.string();
    else if (tag === welcomeTags.sharedSize) shared.size = from.varint();
    else if (tag === welcomeTags.sharedAbove) shared.above = from.varint();
    else from.skip(tag);
  }
  return {
    ...welcome,
    ...(runner === '' ? undefined : { instance: readAbout({ runner, about }) }),
    ...(shared.path === '' ? undefined : { shared }),
  };
}

const none: Uint8Array = new Uint8Array(0);

/** A packet with only a `hello` or a `welcome`. */
export function introductionPacket(kind: 'hello' | 'welcome', content: Uint8Array): Buffer {
  const out = new ProtoWriter(content.length + 8);
  out.blob(packetTags[kind], content);
  return out.bytes.subarray(0, out.at);
}

/** Reads the bytes of `hello` or `welcome` from a packet that must hold only that. @throws {Violation} */
function readIntroduction(kind: 'hello' | 'welcome', packet: Uint8Array): Buffer {
  const from = new ProtoReader(packet);
  if (from.done || from.varint() !== packetTags[kind]) throw new Violation(`the first packet is not a ${kind}`);
  const content = from.blob();
  if (!from.done) throw new Violation(`the first packet holds more than a ${kind}`);
  return content;
}
