import { describe, expect, it } from 'vitest';
import { verdictOn } from '../../../src/cli/watch/verdict.js';
import { ERRORS, KvzError, type ErrorCode } from '../../../src/protocol/errors.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('what went wrong with a file', () => {
    it.each([
        ['NO_SPACE', 'retry'],
        ['SHUTTING_DOWN', 'retry'],
        ['FILE_CHANGED', 'look-again'],
        ['OUTPUT_UNWRITABLE', 'hold'],
        ['FILE_TOO_LARGE', 'give-up'],
        ['JOB_CANCELLED', 'give-up'],
        ['RAW_SIZE_MISMATCH', 'give-up'],
        ['NOT_AUTHORISED', 'end'],
        ['BAD_OPTIONS', 'end'],
        ['INTERNAL', 'retry-some'],
    ] as const)('%s: %s', (code, verdict) => {
        expect(verdictOn(new KvzError(code, ''))).toBe(verdict);
    });

    it('a job that failed says itself whether that may pass', () => {
        const failed = (failure: object): KvzError =>
            new KvzError('JOB_FAILED', '', { cause: failure });
        expect(verdictOn(failed({ code: 'DISK_FULL', transient: true }))).toBe('retry-some');
        expect(verdictOn(failed({ code: 'INPUT_NOT_MEDIA' }))).toBe('give-up');
    });

    it('a name that is too long stays so', () => {
        const cause = Object.assign(new Error('too long'), { code: 'ENAMETOOLONG' });
        const inner = new KvzError('OUTPUT_UNWRITABLE', '', { cause });
        expect(verdictOn(new KvzError('OUTPUT_UNWRITABLE', '', { cause: inner }))).toBe('give-up');
    });

    it('never moves a file away for what the daemon says of itself', () => {
        // What may be tried again by the status of HTTP is not the file's fault.
        const passing = CODES.filter((code) => [408, 429, 503].includes(ERRORS[code].status));
        const ended: ErrorCode[] = ['INTERRUPTED', 'TIMED_OUT'];
        for (const code of passing.filter((each) => !ended.includes(each))) {
            expect([code, verdictOn(new KvzError(code, ''))]).toEqual([code, 'retry']);
        }
    });
});
