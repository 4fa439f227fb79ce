/**
 * The messages on `/ws`, as schemas: TypeScript types, run-time validation, the published JSON
 * Schema and docs/PROTOCOL.md all come from here. Sizes are bytes, times ISO 8601 in UTC, ranges
 * half open.
 */
export * from './client-messages.js';
export * from './encode-replies.js';
export * from './first-issue.js';
export * from './server-messages.js';
export * from './shapes.js';
