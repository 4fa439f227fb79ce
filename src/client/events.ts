/** What happens while a file is encoded. Every view, JSON lines included, is made from these. */
import type { ErrorCode } from '../protocol/errors.js';
import type { JobState } from '../protocol/job-state.js';
import type { JobFailure, Progress } from '../protocol/messages.js';

export interface HashEvent {
    event: 'hash';
    bytes: number;
    totalBytes: number;
    /** The id was known from an earlier command; nothing was read. */
    cached?: boolean;
}

export interface HandshakeEvent {
    event: 'handshake';
    status: 'approved' | 'queued' | 'rejected';
    code?: string;
    message?: string;
    jobId?: string;
    fileId: string;
    /** Bytes of the file that the daemon has already, when it asks for the rest. */
    receivedBytes?: number;
}

export interface UploadEvent {
    event: 'upload';
    /** Bytes of the file that are on their way or at the daemon, earlier ones included. */
    sentBytes: number;
    totalBytes: number;
    bytesPerSecond: number;
}

export type JobStateEvent = { event: 'job'; jobId: string; state: JobState } & Partial<Progress>;

export interface DownloadEvent {
    event: 'download';
    bytes: number;
    totalBytes: number;
}

export interface DoneEvent {
    event: 'done';
    jobId: string;
    /** Absolute path. */
    output: string;
    inputBytes: number;
    outputBytes: number;
    frames: number;
    /** From the first look at the file to the result in its place. */
    seconds: number;
    uploadedBytes: number;
    /** Luma, dB, average. */
    psnr?: number;
    durationSeconds: number;
    bitrateBps: number;
    /** Encoding speed, frames per second. */
    fps: number;
    encodeSeconds: number;
    notes: string[];
}

/** `--detach`: the upload is complete, the job goes on without this command. */
export interface DetachedEvent {
    event: 'detached';
    jobId: string;
    uploadedBytes: number;
}

export interface ErrorEvent {
    event: 'error';
    code: ErrorCode;
    message: string;
    jobId?: string;
    failure?: JobFailure;
}

/** Something that the user should know; not part of the JSON lines. */
export interface NoticeEvent {
    event: 'notice';
    message: string;
}

export type EncodeEvent =
    | HashEvent
    | HandshakeEvent
    | UploadEvent
    | JobStateEvent
    | DownloadEvent
    | DoneEvent
    | DetachedEvent
    | ErrorEvent
    | NoticeEvent;

/** One of several files: its place in the list of inputs, and its path as the user gave it. */
export interface FileRef {
    index: number;
    file: string;
}
