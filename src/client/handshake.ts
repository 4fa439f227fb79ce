/** Asking the daemon to encode a file, with the proof that the user has it where that is wanted. */
import { leafCount, leafLength } from '../protocol/file-id.js';
import { KvzError } from '../protocol/errors.js';
import { LEAF_BYTES } from '../protocol/limits.js';
import type { EncodeReply } from '../protocol/messages.js';
import { computeProof } from '../protocol/proof.js';
import type { EncodeRequest } from './encode-request.js';
import { readExactly } from './hash.js';
import type { InputFile } from './input-file.js';
import type { Reply, Request } from './messages.js';
import type { Session } from './session.js';
import type { Approval } from './uploader.js';
import { wireError } from './wire-error.js';

const MAX_CHALLENGES = 3;
const MAX_NAME_BYTES = 255;

/** The daemon has a job for this request. */
export interface Accepted {
    jobId: string;
    status: 'approved' | 'queued' | 'rejected';
    /** DUPLICATE_REQUEST when the job is an earlier one. */
    code?: string;
    message?: string;
    /** Set when the daemon wants the file, or the rest of it. */
    upload?: Approval;
}

/** The daemon has looked at the request and does not take it. */
export class RejectedError extends KvzError {
    /** The code as the daemon said it. */
    readonly reason: string;

    constructor(error: KvzError, reason: string) {
        super(error.code, error.message, error.jobId === undefined ? {} : { jobId: error.jobId });
        this.reason = reason;
    }
}

type Challenge = Extract<EncodeReply, { status: 'challenge' }>['challenge'];

async function* leaves(file: InputFile, indices: readonly number[]): AsyncIterable<Uint8Array> {
    const { sizeBytes } = file.version;
    for (const index of indices) {
        if (index >= leafCount(sizeBytes)) {
            throw new KvzError('BAD_MESSAGE', `the daemon asks for leaf ${index} of ${file.name}`);
        }
        const bytes = Buffer.allocUnsafe(leafLength(sizeBytes, index));
        await readExactly(file, bytes, bytes.length, index * LEAF_BYTES);
        yield bytes;
    }
}

/** Names longer than the wire takes lose their middle; they are for display only. */
function wireName(name: string): string {
    if (name.length <= MAX_NAME_BYTES) return name;
    return `${name.slice(0, 200)}…${name.slice(-50)}`;
}

async function prove(
    session: Session,
    file: InputFile,
    challenge: Challenge,
): Promise<EncodeReply> {
    const proof = await computeProof(challenge.nonce, leaves(file, challenge.leaves));
    return session.request<'encode.prove'>({
        type: 'encode.prove',
        challenge: challenge.id,
        proof,
    });
}

type FileMessage = Pick<Request<'encode.request'>, 'file' | 'options'>;

/** The file and the options of a request, as messages carry them. */
function described(file: InputFile, fileId: string, request: EncodeRequest): FileMessage {
    const { raw, options } = request;
    const common = { id: fileId, name: wireName(file.name), size: file.version.sizeBytes };
    return {
        file: raw ? { ...common, kind: 'raw', raw } : { ...common, kind: 'container' },
        options,
    };
}

/** What {@link handshake} would lead to; changes nothing. */
export async function checkRequest(
    session: Session,
    file: InputFile,
    fileId: string,
    request: EncodeRequest,
): Promise<Reply<'encode.check'>> {
    return session.request<'encode.check'>({
        type: 'encode.check',
        ...described(file, fileId, request),
    });
}

async function ask(
    session: Session,
    file: InputFile,
    fileId: string,
    request: EncodeRequest,
): Promise<Exclude<EncodeReply, { status: 'challenge' }>> {
    for (let round = 0; round < MAX_CHALLENGES; round++) {
        const reply = await session.request<'encode.request'>({
            type: 'encode.request',
            ...described(file, fileId, request),
            priority: request.priority,
        });
        if (reply.status !== 'challenge') return reply;
        try {
            const proven = await prove(session, file, reply.challenge);
            if (proven.status !== 'challenge') return proven;
        } catch (error) {
            // A daemon that was restarted meanwhile does not know its challenge any more.
            if (!(error instanceof KvzError) || error.code !== 'UNKNOWN_CHALLENGE') throw error;
        }
    }
    throw new KvzError('BAD_MESSAGE', 'the daemon keeps asking for proof that the file is here');
}

/**
 * Makes the request. A duplicate is taken as the earlier job, unless that is not wanted.
 * @throws RejectedError with the daemon's code when it refuses
 */
export async function handshake(
    session: Session,
    file: InputFile,
    fileId: string,
    request: EncodeRequest,
): Promise<Accepted> {
    const reply = await ask(session, file, fileId, request);
    switch (reply.status) {
        case 'approved':
            return { jobId: reply.jobId, status: 'approved', upload: reply.upload };
        case 'queued':
            return { jobId: reply.jobId, status: 'queued' };
        case 'rejected': {
            const { code, message, jobId } = reply;
            const attach = code === 'DUPLICATE_REQUEST' && !request.failOnDuplicate;
            if (attach && jobId !== undefined) return { jobId, status: 'rejected', code, message };
            throw new RejectedError(
                wireError(code, message, { fallback: 'REJECTED', jobId }),
                code,
            );
        }
    }
}
