/** What the views show of one file, kept up to date from its events. Pure. */
import type { DoneEvent, EncodeEvent, PlanEvent } from '../../client/events.js';

export const PHASES = ['hash', 'upload', 'queued', 'encode', 'package', 'download'] as const;
export type Phase = (typeof PHASES)[number];

export type FileEnd =
    | { kind: 'done'; done: DoneEvent }
    | { kind: 'detached'; jobId: string }
    | { kind: 'planned'; plan: PlanEvent }
    | { kind: 'failed'; message: string; code: string };

export interface FileModel {
    /** As the user gave it. */
    file: string;
    /** Undefined until something happens. */
    phase: Phase | undefined;
    /** Phases that were not needed: known hash, file already at the daemon, finished job. */
    skipped: readonly Phase[];
    /** 0 to 100 within the phase; undefined where it is not known. */
    percent: number | undefined;
    bytes: number;
    totalBytes: number;
    bytesPerSecond: number;
    jobId: string | undefined;
    frame: number | undefined;
    frames: number | undefined;
    /** Encoding speed. */
    fps: number | undefined;
    etaSeconds: number | undefined;
    bitrateBps: number | undefined;
    /** Luma, dB, average so far. */
    psnr: number | undefined;
    /** Mean bytes of a frame over equal stretches of the frames so far. */
    frameBytes: readonly number[];
    /** The latest thing that the user should know. */
    notice: string | undefined;
    end: FileEnd | undefined;
}

export function newFileModel(file: string): FileModel {
    return {
        file,
        phase: undefined,
        skipped: [],
        percent: undefined,
        bytes: 0,
        totalBytes: 0,
        bytesPerSecond: 0,
        jobId: undefined,
        frame: undefined,
        frames: undefined,
        fps: undefined,
        etaSeconds: undefined,
        bitrateBps: undefined,
        psnr: undefined,
        frameBytes: [],
        notice: undefined,
        end: undefined,
    };
}

function share(part: number, whole: number): number {
    return whole > 0 ? Math.min(100, (part / whole) * 100) : 100;
}

function afterHandshake(
    model: FileModel,
    event: Extract<EncodeEvent, { event: 'handshake' }>,
): FileModel {
    const { jobId = model.jobId } = event;
    if (event.status !== 'approved') {
        return { ...model, jobId, skipped: [...model.skipped, 'upload'] };
    }
    const bytes = event.receivedBytes ?? 0;
    const percent = share(bytes, model.totalBytes);
    return { ...model, jobId, phase: 'upload', bytes, percent, etaSeconds: undefined };
}

function afterJob(model: FileModel, event: Extract<EncodeEvent, { event: 'job' }>): FileModel {
    const { jobId, frame, frames, fps, percent, etaSeconds, bitrateBps, psnr } = event;
    const { frameBytes = model.frameBytes } = event;
    const idle = { ...model, jobId, percent: undefined, etaSeconds: undefined };
    switch (event.state) {
        case 'queued':
            return { ...idle, phase: 'queued' };
        case 'probing':
            return { ...idle, phase: 'encode' };
        case 'encoding':
            return {
                ...model,
                jobId,
                phase: 'encode',
                percent:
                    percent ?? (frame !== undefined && frames ? share(frame, frames) : undefined),
                frame,
                frames,
                fps,
                etaSeconds,
                bitrateBps,
                psnr,
                frameBytes,
            };
        case 'packaging':
            return { ...idle, phase: 'package' };
        case 'uploading':
        case 'ready':
        case 'failed':
        case 'cancelled':
        case 'expired':
            return { ...model, jobId };
    }
}

/** The model after one more event. */
export function reduce(model: FileModel, event: EncodeEvent): FileModel {
    switch (event.event) {
        case 'hash': {
            const { bytes, totalBytes } = event;
            const skipped = event.cached ? [...model.skipped, 'hash' as const] : model.skipped;
            return {
                ...model,
                phase: 'hash',
                skipped,
                bytes,
                totalBytes,
                percent: share(bytes, totalBytes),
            };
        }
        case 'handshake':
            return afterHandshake(model, event);
        case 'upload': {
            const { sentBytes: bytes, totalBytes, bytesPerSecond } = event;
            const left = totalBytes - bytes;
            return {
                ...model,
                phase: 'upload',
                bytes,
                totalBytes,
                bytesPerSecond,
                percent: share(bytes, totalBytes),
                etaSeconds: bytesPerSecond > 0 ? left / bytesPerSecond : undefined,
            };
        }
        case 'job':
            return afterJob(model, event);
        case 'download': {
            const { bytes, totalBytes } = event;
            return {
                ...model,
                phase: 'download',
                bytes,
                totalBytes,
                percent: share(bytes, totalBytes),
                etaSeconds: undefined,
            };
        }
        case 'notice':
            return { ...model, notice: event.message };
        case 'done':
            return { ...model, end: { kind: 'done', done: event } };
        case 'detached':
            return { ...model, end: { kind: 'detached', jobId: event.jobId } };
        case 'plan':
            return { ...model, end: { kind: 'planned', plan: event } };
        case 'error': {
            const { message, code } = event;
            return { ...model, end: { kind: 'failed', message, code } };
        }
    }
}

/** What a phase is called while it lasts. */
export const PHASE_LABEL: Readonly<Record<Phase, string>> = {
    hash: 'hashing',
    upload: 'uploading',
    queued: 'queued',
    encode: 'encoding',
    package: 'packaging',
    download: 'downloading',
};
