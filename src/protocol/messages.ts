/**
 * The messages on `/ws`, as schemas: TypeScript types, run-time validation, the published JSON
 * Schema and docs/PROTOCOL.md all come from here. Sizes are bytes, times ISO 8601 in UTC, ranges
 * half open.
 */
import type { z } from 'zod';

export * from './client-messages.js';
export * from './encode-replies.js';
export * from './server-messages.js';
export * from './shapes.js';

/** Names the first thing wrong with a message, e.g. "file.size: expected number". */
export function firstIssue(error: z.ZodError): string {
    const issue = error.issues[0];
    if (!issue) return 'not valid';
    const path = issue.path.join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
}
