/**
 * Approve, then upload: the answers to a request.
 *
 *     same request made before   -> rejected (DUPLICATE_REQUEST), with the earlier job
 *     file here, request new     -> queued
 *     file not the user's        -> challenge, where there are files of others; then
 *                                   queued (proof right) or approved (no proof)
 *     file not here              -> approved, with what has arrived of it already
 *     anything wrong             -> rejected, with a code
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { findPrograms, MissingProgramError } from '../../encoder/index.js';
import { KvzError } from '../../protocol/errors.js';
import { leafLength } from '../../protocol/file-id.js';
import { LEAF_BYTES } from '../../protocol/limits.js';
import type { ClientMessageOf, EncodeReply, ServerMessageOf } from '../../protocol/messages.js';
import { rangesBytes } from '../../protocol/ranges.js';
import { computeProof, proofsEqual } from '../../protocol/proof.js';
import { Challenges } from './challenges.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import { enqueue } from '../jobs/enqueue.js';
import { forgetVanished } from '../vanished.js';
import { checkFile, requestKey } from './request-key.js';
import type { JobRecord, NewJob, SourceFile, Upload, User } from '../store/index.js';
import { settleSuspect } from '../uploads/suspect.js';

type EncodeRequest = ClientMessageOf<'encode.request'>;
/** An answer without the number of the message that it answers. */
type Answer = EncodeReply extends infer R
    ? R extends EncodeReply
        ? Omit<R, 're' | 'type'>
        : never
    : never;

function duplicate({ id, state }: JobRecord): KvzError {
    return new KvzError(
        'DUPLICATE_REQUEST',
        `this request was made before; its job ${id} is ${state}`,
        { jobId: id },
    );
}

/** @throws what is no KvzError */
function rejection(error: unknown): Extract<Answer, { status: 'rejected' }> {
    if (!(error instanceof KvzError)) throw error;
    const { code, message, jobId } = error;
    return { status: 'rejected', code, message, ...(jobId !== undefined && { jobId }) };
}

export class Handshake {
    readonly #context: Context;
    readonly #challenges = new Challenges();

    constructor(context: Context) {
        this.#context = context;
    }

    /** What is wrong with a request is its answer. @throws what is no KvzError */
    async request(user: User, request: EncodeRequest): Promise<Answer> {
        return this.#answer(user, request, undefined);
    }

    /**
     * What a request would be answered, from what is the user's own here. Changes nothing; room
     * for an upload is only looked at when it is approved.
     */
    async check(
        user: User,
        { file, options }: ClientMessageOf<'encode.check'>,
    ): Promise<Omit<ServerMessageOf<'encode.checked'>, 'type' | 're'>> {
        const { store, settings } = this.#context;
        try {
            await checkFile(file, settings);
            const earlier = store.jobs.findSameRequest(user.id, await requestKey(file, options));
            if (earlier && earlier.state !== 'uploading') throw duplicate(earlier);
            if (store.files.isPossessed(user.id, file.id)) return { status: 'queued' };
            this.#checkPrograms();
            const upload = store.uploads.findOpen(user.id, file.id);
            const receivedBytes = upload ? rangesBytes(store.uploads.received(upload)) : 0;
            return { status: 'approved', receivedBytes };
        } catch (error) {
            return rejection(error);
        }
    }

    /** Goes on with a request whose client has answered a challenge. @throws KvzError UNKNOWN_CHALLENGE */
    async prove(user: User, challengeId: string, proof: string): Promise<Answer> {
        const challenge = this.#challenges.take(user.id, challengeId);
        if (!challenge) {
            throw new KvzError('UNKNOWN_CHALLENGE', 'no such challenge is open; ask again');
        }
        const { request, nonce, leaves } = challenge;
        const file = this.#context.store.files.get(request.file.id);
        // What has another size than its id says is taken for a file that nobody has sent.
        const proven =
            file?.size === request.file.size && (await this.#isProof(file, nonce, leaves, proof));
        return this.#answer(user, request, proven);
    }

    /** @param proven undefined when no proof has been asked for yet */
    async #answer(user: User, request: EncodeRequest, proven?: boolean): Promise<Answer> {
        const { settings, folders } = this.#context;
        try {
            const pixels = await checkFile(request.file, settings);
            const key = await requestKey(request.file, request.options);
            await forgetVanished(this.#context, request.file.id, key);
            const free = await freeBytes(folders.sources);
            // Deciding awaits nothing, so two requests at once cannot both be promised the same
            // space, or both be new.
            const newJob = newJobOf(user, request, key, pixels);
            const decision = this.#decide(user, request, newJob, proven, free);
            if ('status' in decision) return decision;
            return await this.#approved(decision.jobId, decision.upload);
        } catch (error) {
            return rejection(error);
        }
    }

    #decide(
        user: User,
        request: EncodeRequest,
        newJob: NewJob,
        proven: boolean | undefined,
        free: number,
    ): Answer | { jobId: string; upload: Upload } {
        const { store } = this.#context;
        const fileId = request.file.id;
        const known = store.uploads.findOpen(user.id, fileId) ?? this.#ownFile(user, fileId);
        if (known && known.size !== request.file.size) {
            throw new KvzError('FILE_MISMATCH', 'no file of this size has this id');
        }
        const earlier = store.jobs.findSameRequest(user.id, newJob.requestKey);
        if (earlier) {
            const upload = earlier.uploadId && store.uploads.get(earlier.uploadId);
            // One whose upload was interrupted goes on; any other is a duplicate.
            if (earlier.state === 'uploading' && upload) {
                this.#checkPrograms();
                return { jobId: earlier.id, upload };
            }
            throw duplicate(earlier);
        }
        if (proven && store.files.get(fileId)) store.files.grant(user.id, fileId, Date.now());
        if (store.files.isPossessed(user.id, fileId)) {
            const job = enqueue(this.#context, newJob);
            return { status: 'queued', jobId: job.id };
        }
        if (proven === undefined && store.files.anyForeign(user.id)) {
            return this.#challenge(user, request);
        }
        return this.#approve(user, request, newJob, free);
    }

    #ownFile(user: User, fileId: string): SourceFile | undefined {
        const { files } = this.#context.store;
        return files.isPossessed(user.id, fileId) ? files.get(fileId) : undefined;
    }

    /**
     * Nothing is to be sent to a daemon that could not encode it, unless it has workers elsewhere.
     * @throws KvzError NOT_READY
     */
    #checkPrograms(): void {
        if (this.#context.remote) return;
        try {
            findPrograms();
        } catch (error) {
            if (!(error instanceof MissingProgramError)) throw error;
            throw new KvzError('NOT_READY', error.message);
        }
    }

    /** Opens an upload, or joins the user's open one of the same file. @throws KvzError */
    #approve(
        user: User,
        request: EncodeRequest,
        newJob: NewJob,
        free: number,
    ): { jobId: string; upload: Upload } {
        const { store, bus } = this.#context;
        const { id: fileId, size } = request.file;
        this.#checkPrograms();
        const [job, upload, event] = store.transaction(() => {
            const now = Date.now();
            let upload = store.uploads.findOpen(user.id, fileId);
            if (!upload) {
                this.#checkRoom(user, request, free);
                upload = store.uploads.create(user.id, fileId, size, now);
            }
            const waiting = { ...newJob, uploadId: upload.id };
            const [job, event] = store.jobs.create(waiting, 'uploading', now);
            return [job, upload, event] as const;
        });
        bus.publish([event]);
        return { jobId: job.id, upload };
    }

    /** @throws KvzError TOO_MANY_UPLOADS, QUOTA_EXCEEDED, NO_SPACE */
    #checkRoom(user: User, { file: { name, size } }: EncodeRequest, free: number): void {
        const { store, settings } = this.#context;
        if (store.uploads.countOpen(user.id) >= settings.uploadsPerUser) {
            throw new KvzError(
                'TOO_MANY_UPLOADS',
                `${settings.uploadsPerUser} uploads are open already`,
            );
        }
        if (store.uploads.usedBytes(user.id) + size > settings.userQuota) {
            throw new KvzError(
                'QUOTA_EXCEEDED',
                `${name} does not fit into the quota of ${settings.userQuota} bytes`,
            );
        }
        const available = free - store.uploads.reservedBytes() - settings.freeSpaceFloor;
        if (size > available) {
            throw new KvzError(
                'NO_SPACE',
                `${name} needs ${size} bytes; the daemon has ${Math.max(0, available)} to give`,
            );
        }
    }

    async #approved(jobId: string, upload: Upload): Promise<Answer> {
        const { store, settings } = this.#context;
        const settled = await settleSuspect(this.#context, upload);
        return {
            status: 'approved',
            jobId,
            upload: {
                id: upload.id,
                url: '/upload',
                chunkSize: settings.chunkSize,
                received: store.uploads
                    .received(settled)
                    .map(([from, to]): [number, number] => [from, to]),
            },
        };
    }

    /**
     * Asks for a proof whether or not the file is here: an answer that differed would tell what
     * others have sent. Where nobody else has sent anything there is nothing to hide.
     */
    #challenge(user: User, request: EncodeRequest): Answer {
        const { id, nonce, leaves } = this.#challenges.open(user.id, request);
        return {
            status: 'challenge',
            challenge: { id, nonce, leaves },
        };
    }

    async #isProof(
        file: SourceFile,
        nonce: string,
        leaves: readonly number[],
        proof: string,
    ): Promise<boolean> {
        const handle = await open(join(this.#context.folders.sources, file.storage));
        try {
            const read = async function* (): AsyncGenerator<Uint8Array> {
                for (const index of leaves) {
                    const bytes = Buffer.alloc(leafLength(file.size, index));
                    await handle.read(bytes, 0, bytes.length, index * LEAF_BYTES);
                    yield bytes;
                }
            };
            return proofsEqual(await computeProof(nonce, read()), proof);
        } finally {
            await handle.close();
        }
    }
}

function newJobOf(
    user: User,
    { file, options, priority }: EncodeRequest,
    requestKey: string,
    pixels: number | undefined,
): NewJob {
    return {
        userId: user.id,
        fileId: file.id,
        uploadId: undefined,
        name: file.name,
        size: file.size,
        raw: file.raw,
        options,
        requestKey,
        priority,
        pixels,
    };
}
