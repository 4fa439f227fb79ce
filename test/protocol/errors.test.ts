import { describe, expect, it } from 'vitest';
import { ERRORS, EXIT, isErrorCode, KvzError } from '../../src/protocol/errors.js';

describe('error catalogue', () => {
    it('has one-line meanings and valid statuses', () => {
        for (const [code, { status, exit, meaning }] of Object.entries(ERRORS)) {
            expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
            expect(meaning).not.toContain('\n');
            expect(status).toBeGreaterThanOrEqual(400);
            expect(Object.values(EXIT)).toContain(exit);
        }
    });

    it('ends a Resumable.js upload only where sending again cannot help', () => {
        // resumable.js 1.1.0, permanentErrors
        const permanent = [400, 404, 415, 500, 501];
        for (const code of ['UPLOAD_BAD_CHUNK', 'UNKNOWN_UPLOAD', 'UPLOAD_BAD_TYPE'] as const) {
            expect(permanent).toContain(ERRORS[code].status);
        }
        for (const code of ['UPLOAD_CORRUPT', 'UPLOAD_INTERRUPTED', 'NO_SPACE'] as const) {
            expect(permanent).not.toContain(ERRORS[code].status);
        }
    });

    it('is not fooled by inherited names', () => {
        expect(isErrorCode('constructor')).toBe(false);
        expect(isErrorCode('NO_SPACE')).toBe(true);
        expect(new KvzError('NO_SPACE', 'full').exit).toBe(EXIT.rejected);
    });
});
