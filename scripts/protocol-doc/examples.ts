/** One example for each message; docs/PROTOCOL.md shows them, and a test holds them to the schemas. */
import type * as z from 'zod';
import { normalOptions } from '../../src/daemon/handshake/request-key.js';
import { leafDigest } from '../../src/protocol/file-id.js';
import { localProof, type LocalSource } from '../../src/protocol/local-source.js';
import {
    optionsSchema,
    type clientMessages,
    type encodeReplies,
    type serverMessages,
} from '../../src/protocol/messages.js';
import { FILE_VECTORS, PROOF_VECTOR } from './vectors.js';

type Inputs<T extends Record<string, z.ZodType>> = { [K in keyof T]: z.input<T[K]> };

const jobId = 'q3vXk0cT2mWb7YtE';
const file = {
    id: FILE_VECTORS[FILE_VECTORS.length - 1]?.id ?? '',
    name: 'holiday.mp4',
    size: 8 * 1024 * 1024 + 3,
    kind: 'container' as const,
};
const options = {
    preset: 'fast',
    container: 'mp4' as const,
    kvazaar: ['-q', '27'],
    logo: { enabled: true, seconds: 2 },
};
const checkedOptions = { preset: 'ultrafast', kvazaar: ['--qp', '32'] };
const progress = {
    frame: 180,
    frames: 300,
    fps: 61.2,
    percent: 60,
    etaSeconds: 1.96,
    bitrateBps: 2_140_000,
    psnr: 41.7,
    frameBytes: [21_840, 9_120, 8_330, 9_010],
};
const result = {
    fileName: 'holiday.hevc.mp4',
    url: `/jobs/${jobId}/result`,
    inputBytes: file.size,
    outputBytes: 3_214_551,
    frames: 300,
    logoFrames: 50,
    durationSeconds: 12,
    bitrateBps: 2_110_000,
    encodeSeconds: 4.9,
    fps: 61.2,
    psnr: 41.6,
    worstPsnr: 38.9,
    framesByType: { I: 5, P: 0, B: 295 },
    notes: [],
};

export const CLIENT_EXAMPLES: Inputs<typeof clientMessages> = {
    init: {
        type: 'init',
        id: 1,
        protocol: 1,
        token: 'eXaMpLe-0nLy-nOt-a-SeCrEt-tOkEn',
        client: 'kvz-cloud 0.1.0',
        resumeFrom: 41,
    },
    encodeRequest: { type: 'encode.request', id: 2, file, options, priority: 0 },
    encodeCheck: { type: 'encode.check', id: 9, file, options },
    encodeProve: {
        type: 'encode.prove',
        id: 3,
        challenge: 'Zr8nQ1xLd5JwK2hP',
        proof: PROOF_VECTOR.proof,
    },
    optionsValidate: {
        type: 'options.validate',
        id: 4,
        options: checkedOptions,
        raw: { width: 1920, height: 1080, fps: '30000/1001', pixelFormat: 'yuv420p' },
    },
    jobsList: { type: 'jobs.list', id: 5, limit: 20 },
    jobGet: { type: 'job.get', id: 6, jobId },
    jobWatch: { type: 'job.watch', id: 7, jobId },
    jobCancel: { type: 'job.cancel', id: 8, jobId },
    jobRetry: { type: 'job.retry', id: 9, jobId },
    jobPrioritise: { type: 'job.prioritise', id: 10, jobId, priority: 5 },
    jobRemove: { type: 'job.remove', id: 10, jobId },
    jobLogs: { type: 'job.logs', id: 11, jobId },
    jobTicket: { type: 'job.ticket', id: 16, jobId },
    tokenCreate: {
        type: 'token.create',
        id: 13,
        name: 'anna',
        role: 'user',
        expiresInSeconds: 2_592_000,
    },
    tokenList: { type: 'token.list', id: 14 },
    tokenRevoke: { type: 'token.revoke', id: 15, name: 'anna' },
    queuePause: { type: 'queue.pause', id: 12, reason: 'new disks on Friday' },
    queueResume: { type: 'queue.resume', id: 12 },
    serverStats: { type: 'server.stats', id: 12 },
};

export const ENCODE_REPLY_EXAMPLES: Inputs<typeof encodeReplies> = {
    approved: {
        type: 'encode.reply',
        re: 2,
        status: 'approved',
        jobId,
        upload: {
            id: 'mB4uS9oVfC6yGi1R',
            url: '/upload',
            chunkSize: 8_388_608,
            received: [
                [0, 4_194_304],
                [6_291_456, 7_340_032],
            ],
        },
    },
    queued: { type: 'encode.reply', re: 2, status: 'queued', jobId },
    rejected: {
        type: 'encode.reply',
        re: 2,
        status: 'rejected',
        code: 'DUPLICATE_REQUEST',
        message: `this request was made before; its job ${jobId} is encoding`,
        jobId,
    },
    challenge: {
        type: 'encode.reply',
        re: 2,
        status: 'challenge',
        challenge: {
            id: 'Zr8nQ1xLd5JwK2hP',
            nonce: PROOF_VECTOR.nonce,
            leaves: [...PROOF_VECTOR.leaves],
        },
    },
};

const paused = {
    reason: 'user' as const,
    message: 'new disks on Friday',
    by: 'anna',
    since: '2026-01-05T09:30:41.204Z',
};

const job = {
    id: jobId,
    state: 'encoding' as const,
    name: file.name,
    fileId: file.id,
    size: file.size,
    options,
    priority: 0,
    attempt: 1,
    createdAt: '2026-01-05T09:30:00.000Z',
    updatedAt: '2026-01-05T09:30:41.204Z',
    startedAt: '2026-01-05T09:30:40.911Z',
    progress,
};

const tokenInfo = {
    name: 'anna',
    role: 'user' as const,
    state: 'active' as const,
    createdAt: '2026-01-05T09:00:00.000Z',
    expiresAt: '2026-02-04T09:00:00.000Z',
    usedAt: '2026-01-05T09:30:00.000Z',
};

export const SERVER_EXAMPLES: Inputs<typeof serverMessages> = {
    initOk: {
        type: 'init.ok',
        re: 1,
        protocol: 1,
        user: 'anna',
        role: 'user',
        limits: {
            rawBytes: 50_000_000_000,
            containerBytes: 50_000_000_000,
            durationSeconds: 1800,
            chunkSize: 8_388_608,
            downloads: null,
        },
        workers: 5,
        server: 'kvz-cloud 0.1.0',
        seq: 44,
    },
    error: { type: 'error', re: 6, code: 'UNKNOWN_JOB', message: `there is no job ${jobId}` },
    encodeChecked: {
        type: 'encode.checked',
        re: 9,
        status: 'approved',
        receivedBytes: 4 * 1024 * 1024,
    },
    optionsOk: {
        type: 'options.ok',
        re: 4,
        normal: normalOptions(optionsSchema.parse(checkedOptions)),
    },
    jobs: { type: 'jobs', re: 5, jobs: [job] },
    job: { type: 'job', re: 6, job },
    removed: { type: 'job.removed', re: 10, jobId },
    logs: {
        type: 'job.logs',
        re: 11,
        jobId,
        lines: ['2026-01-05T09:30:41.204Z kvz-cloud: encoding'],
    },
    queueState: { type: 'queue.state', re: 12, paused },
    stats: {
        type: 'server.stats',
        re: 12,
        version: '0.1.0',
        uptimeSeconds: 86_400,
        workers: 5,
        running: 2,
        jobs: {
            uploading: 1,
            queued: 3,
            probing: 0,
            encoding: 1,
            packaging: 0,
            ready: 12,
            failed: 1,
            cancelled: 0,
            expired: 0,
        },
        queued: 7,
        uploads: 2,
        isAdmin: false,
        freeBytes: 412_316_860_416,
        recent: [],
    },
    ticket: {
        type: 'job.ticket',
        re: 16,
        jobId,
        url: `/jobs/${jobId}/result?ticket=eXaMpLe-0nLy-nOt-a-tIcKeT`,
        expiresAt: '2026-01-05T09:32:00.000Z',
    },
    tokenCreated: {
        type: 'token.created',
        re: 13,
        token: 'kvz_eXaMpLe-0nLy-nOt-a-SeCrEt-tOkEn',
        info: tokenInfo,
    },
    tokens: { type: 'tokens', re: 14, tokens: [tokenInfo] },
    tokenRevoked: {
        type: 'token.revoked',
        re: 15,
        info: { ...tokenInfo, state: 'revoked', revokedAt: '2026-01-06T12:00:00.000Z' },
    },
    jobEvent: { type: 'job.event', seq: 45, jobId, state: 'encoding', progress },
    queueChanged: {
        type: 'queue',
        paused: {
            reason: 'disk',
            message: '800 MB are free on the disk of the daemon, which keeps 1.1 GB free',
            since: '2026-01-05T09:30:41.204Z',
        },
    },
};

/** A job that ends, for the two fields that only the last event has. */
export const END_EXAMPLES: z.input<typeof serverMessages.jobEvent>[] = [
    { type: 'job.event', seq: 47, jobId, state: 'ready', result },
    {
        type: 'job.event',
        seq: 47,
        jobId,
        state: 'failed',
        failure: {
            code: 'INPUT_DAMAGED',
            message: 'the input cannot be decoded: 3 of 250 pictures are lost',
            program: 'ffmpeg',
            exitCode: 0,
        },
    },
];

/** The headers of a chunk that the daemon is to read, with the proof that a key gives. */
export function localSourceExample(key: Buffer): string {
    const url =
        '/upload?resumableIdentifier=Zk3mQ1x8vB0cWd5T&resumableChunkNumber=1' +
        '`&resumableChunkSize=1048576&resumableTotalSize=3`resumableChunkSize=1048576&resumableTotalSize=3';
    const digests = leafDigest(Buffer.from('abc')).toString('hex');
    const said: LocalSource = {
        pid: 48211,
        fd: 21,
        device: '64769',
        inode: '7340289',
        size: 3,
        mtimeNs: '1767605441204117003',
    };
    const source = JSON.stringify(said);
    return [
        `POST ${url} HTTP/1.1`,
        `Kvz-Leaf-Digests: ${digests}`,
        `Kvz-Local-Source: ${source}`,
        `Kvz-Local-Proof: ${localProof(key, { url, digests, source })}`,
    ].join('\n');
}
