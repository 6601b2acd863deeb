import type { ChannelOptions } from '@grpc/grpc-js';

/** `flame.v1.Runners/Attach`. */
export const attachPath = '/flame.v1.Runners/Attach';

/** `flame.v1.Code/Fetch`. */
export const codePath = '/flame.v1.Code/Fetch';

/** `flame.v1.Instances/Attach`. */
export const instancesPath = '/flame.v1.Instances/Attach';

/**
 * The flow-control window: bytes that may be in transit before the reader must acknowledge some. With HTTP/2's default of 64 KiB, large
 * values wait for each round trip.
 *
 * Over TLS both ends have this window. On a Unix socket only the parent has it, for results. Node's HTTP/2 does not read while its socket
 * accepts no writes. So two ends that both have more in transit than the socket holds would wait for each other forever. With 64 KiB in one
 * direction, the writes of that end always finish. So it reads, and the other end continues. Over TLS, the `ShieldedSocket` accepts every
 * write.
 */
export const wideWindow = 8 * 1024 * 1024;

const commonOptions: ChannelOptions = {
  // Channelz reads the clock twice for each packet.
  'grpc.enable_channelz': 0,
};

/** The parent's server. */
export const serverOptions: ChannelOptions = {
  ...commonOptions,
  'grpc-node.flow_control_window': wideWindow,
  // A runner needs one stream. Clients of the health check and of metrics need a few.
  'grpc.max_concurrent_streams': 100,
};

/**
 * How a runner connects to its parent on the same host. It sends no pings: a parent that does not answer is paused or busy. When the parent
 * ends, the system closes the connection.
 */
export const hostDialOptions: ChannelOptions = {
  ...commonOptions,
  // `http_proxy` is for connections to the internet, and the parent is not there.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // A session is resumed over a connection of its own.
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * How a runner connects over the network. It sends a ping after 10 s without data. If no answer comes within 10 s more, the connection
 * counts as broken. The parent sends no pings: a runner whose event loop is busy with a handler cannot answer them. Instead, the parent's
 * kernel probes idle connections, see `Listener`.
 */
export const dialOptions: ChannelOptions = {
  ...hostDialOptions,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * How an instance connects to another one. Both answer calls. An instance that does not answer a ping for seconds gets no calls until it
 * answers again.
 */
export const instanceDialOptions: ChannelOptions = { ...dialOptions, 'grpc.keepalive_time_ms': 2_000, 'grpc.keepalive_timeout_ms': 3_000 };
