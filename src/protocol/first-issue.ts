import type * as z from 'zod';

/** Names the first thing wrong with a message, e.g. "file.size: expected number". */
export function firstIssue(error: z.ZodError): string {
    const issue = error.issues[0];
    if (!issue) return 'not valid';
    const path = issue.path.join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
}
