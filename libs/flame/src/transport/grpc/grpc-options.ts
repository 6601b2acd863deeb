import type { ChannelOptions } from '@grpc/grpc-js';

/** `flame.v1.Runners/Attach`. */
export const attachPath = '/flame.v1.Runners/Attach';

/** `flame.v1.Instances/Attach`. */
export const instancesPath = '/flame.v1.Instances/Attach';

/** Packets are made and read by our own code, so that gRPC passes bytes through. */
export const asIs = (packet: Buffer): Buffer => packet;

/**
 * Bytes that may be under way before the reader has to say it took some: HTTP/2's own 64 KiB make bulk wait for each round
 * trip.
 *
 * Over TLS both ends are widened, on a Unix socket only the parent's, for results. Node's HTTP/2 does not read while its
 * socket takes no more, so that two ends that each have more under way than the socket holds would wait for each other for
 * ever. With 64 KiB in one direction that end's writes always finish, it reads, and the other goes on. Over TLS the
 * `ShieldedSocket` takes every write.
 */
export const wideWindow = 8 * 1024 * 1024;

const commonOptions: ChannelOptions = {
  // Its books cost two clock readings per packet.
  'grpc.enable_channelz': 0,
};

/** The parent's server. */
export const serverOptions: ChannelOptions = {
  ...commonOptions,
  'grpc-node.flow_control_window': wideWindow,
  // A runner needs one; whoever else dials, to ask for health or metrics, a few.
  'grpc.max_concurrent_streams': 100,
};

/** How a runner dials its parent on the same host. It sends no pings: a parent that does not answer is paused or busy, and the system tells when it ends. */
export const hostDialOptions: ChannelOptions = {
  ...commonOptions,
  // The parent is never behind a proxy that is meant for the internet.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // Sessions are resumed over connections of their own.
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * How a runner dials over the network. It pings after 10 s in which it heard nothing and takes 10 s without an answer for a
 * cut. The parent sends no pings of its own: a runner whose event loop is busy would fail to answer them while it does
 * just what it was asked to. Its kernel probes idle connections instead, see `Listener`.
 */
export const dialOptions: ChannelOptions = {
  ...hostDialOptions,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * How an instance dials another. Both answer calls, so that one which leaves a ping unanswered for seconds is no place to send calls to: it
 * gets none until it answers again.
 */
export const instanceDialOptions: ChannelOptions = { ...dialOptions, 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_timeout_ms': 3_000 };
