export { importPeer } from '../core/optional-peer.js';
