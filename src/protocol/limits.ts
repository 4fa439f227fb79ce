/** Sizes and times that both sides of the wire know. */

const MIB = 1024 * 1024;

/** The version of the wire contract; a daemon refuses any other in `init`. */
export const PROTOCOL_VERSION = 1;

/** Bytes of one leaf of the tree hash (see file-id.ts). Every chunk starts on a leaf boundary. */
export const LEAF_BYTES = MIB;

/** Bytes of a chunk, unless the daemon says otherwise; always a multiple of {@link LEAF_BYTES}. */
export const DEFAULT_CHUNK_BYTES = 8 * MIB;

/** The longest WebSocket message in bytes that either side accepts. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** The largest image for the logo that a request may carry, bytes before base64. */
export const MAX_LOGO_BYTES = 128 * 1024;

/** What a token is made of: a b64token of RFC 6750, too long to be guessed. */
export const TOKEN_PATTERN = /^[\w.~+/=-]{16,256}$/;

/** A client that has not sent `init` within this time is disconnected. */
export const HANDSHAKE_TIMEOUT_MS = 5_000;

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 8265;

/** The largest raw video, bytes. */
export const MAX_RAW_BYTES = 50_000_000_000;

/** The longest video in a container, seconds. */
export const MAX_DURATION_SECONDS = 30 * 60;
