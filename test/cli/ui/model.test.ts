import { describe, expect, it } from 'vitest';
import type { DoneEvent, EncodeEvent } from '../../../src/client/events.js';
import { newFileModel, reduce } from '../../../src/cli/ui/model.js';
import type { FileModel } from '../../../src/cli/ui/model.js';

export const DONE: DoneEvent = {
    event: 'done',
    jobId: 'j1',
    output: '/x/clip.hevc.mkv',
    inputBytes: 2_811_553,
    outputBytes: 879_374,
    frames: 390,
    seconds: 3.2,
    uploadedBytes: 2_811_553,
    psnr: 46.72,
    durationSeconds: 31.2,
    bitrateBps: 101_000,
    fps: 155,
    encodeSeconds: 2.5,
    notes: [],
};

const after = (...events: EncodeEvent[]): FileModel => events.reduce(reduce, newFileModel('a.mp4'));

const APPROVED: EncodeEvent = {
    event: 'handshake',
    status: 'approved',
    jobId: 'j1',
    fileId: 'f',
    receivedBytes: 250,
};

describe('what the views show of a file', () => {
    it('begins with nothing', () => {
        expect(after()).toMatchObject({ file: 'a.mp4', phase: undefined, end: undefined });
    });

    it('goes through the phases', () => {
        const hash: EncodeEvent = { event: 'hash', bytes: 500, totalBytes: 1000 };
        expect(after(hash)).toMatchObject({ phase: 'hash', percent: 50 });
        expect(after(hash, APPROVED)).toMatchObject({ phase: 'upload', percent: 25, jobId: 'j1' });
        const upload: EncodeEvent = {
            event: 'upload',
            sentBytes: 600,
            totalBytes: 1000,
            bytesPerSecond: 100,
        };
        expect(after(hash, APPROVED, upload)).toMatchObject({ percent: 60, etaSeconds: 4 });
        const job = (state: 'queued' | 'probing' | 'packaging' | 'ready'): EncodeEvent => ({
            event: 'job',
            jobId: 'j1',
            state,
        });
        expect(after(upload, job('queued'))).toMatchObject({
            phase: 'queued',
            percent: undefined,
            etaSeconds: undefined,
        });
        expect(after(job('probing'))).toMatchObject({ phase: 'encode', percent: undefined });
        const encoding: EncodeEvent = {
            event: 'job',
            jobId: 'j1',
            state: 'encoding',
            frame: 30,
            frames: 120,
            fps: 10,
            etaSeconds: 9,
        };
        expect(after(encoding)).toMatchObject({ phase: 'encode', percent: 25, etaSeconds: 9 });
        expect(after(encoding, job('packaging'))).toMatchObject({
            phase: 'package',
            percent: undefined,
            etaSeconds: undefined,
        });
        const download: EncodeEvent = { event: 'download', bytes: 1, totalBytes: 4 };
        expect(after(encoding, job('ready'), download)).toMatchObject({
            phase: 'download',
            percent: 25,
        });
        expect(after(DONE).end).toEqual({ kind: 'done', done: DONE });
    });

    it('leaves out what was not needed', () => {
        const model = after(
            { event: 'hash', bytes: 9, totalBytes: 9, cached: true },
            { event: 'handshake', status: 'queued', jobId: 'j1', fileId: 'f' },
        );
        expect(model.skipped).toEqual(['hash', 'upload']);
    });

    it('keeps the first reason of a failure and what it was at', () => {
        const error: EncodeEvent = { event: 'error', code: 'JOB_FAILED', message: 'it broke' };
        expect(after({ event: 'hash', bytes: 1, totalBytes: 2 }, error)).toMatchObject({
            phase: 'hash',
            percent: 50,
            end: { kind: 'failed', code: 'JOB_FAILED', message: 'it broke' },
        });
    });
});
