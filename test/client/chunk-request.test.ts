import { describe, expect, it } from 'vitest';
import { classifyAnswer } from '../../src/client/chunk-request.js';
import { EXIT } from '../../src/protocol/errors.js';

describe('what an answer to a chunk means', () => {
    it.each([
        [200, '', 'stored'],
        [201, '', 'stored'],
        [400, 'UPLOAD_BAD_CHUNK', 'permanent'],
        [400, 'FILE_MISMATCH', 'permanent'],
        [401, 'NOT_AUTHORISED', 'permanent'],
        [403, 'QUOTA_EXCEEDED', 'permanent'],
        [404, 'UNKNOWN_UPLOAD', 'closed'],
        [404, '', 'permanent'],
        [408, '', 'retry'],
        [409, 'WRONG_STATE', 'closed'],
        [410, 'JOB_EXPIRED', 'closed'],
        [413, 'FILE_TOO_LARGE', 'permanent'],
        [415, 'UPLOAD_BAD_TYPE', 'permanent'],
        [423, '', 'retry'],
        [429, 'TOO_MANY_REQUESTS', 'retry'],
        [500, 'INTERNAL', 'retry'],
        [502, '', 'retry'],
        [503, 'UPLOAD_INTERRUPTED', 'retry'],
        [503, 'NO_SPACE', 'retry'],
        [503, 'UPLOAD_CORRUPT', 'corrupt'],
    ])('%i %s is %s', (status, code, kind) => {
        expect(classifyAnswer(status, code, 'message').kind).toBe(kind);
    });

    it('hands on how long to wait', () => {
        expect(classifyAnswer(503, 'NO_SPACE', 'full', '7')).toMatchObject({ retryAfterMs: 7_000 });
    });

    it('keeps the exit status of the code', () => {
        const answer = classifyAnswer(413, 'FILE_TOO_LARGE', 'too large');
        expect(answer).toMatchObject({ error: { exit: EXIT.rejected, message: 'too large' } });
    });
});
