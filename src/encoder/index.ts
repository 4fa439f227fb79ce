/**
 * The encoder as a library: media in, HEVC made by kvazaar out.
 * It knows nothing of daemons, HTTP, databases or users.
 */
export * from './errors.js';
export * from './frame-statistics.js';
export * from './job.js';
export * from './limits.js';
export * from './programs.js';
