/** What a watch does with one file that has rested. */
import { rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { encodeFile } from '../../client/encode-file.js';
import type { EncodeRequest, EncodeServices } from '../../client/encode-request.js';
import type { DoneEvent } from '../../client/events.js';
import { hashFile } from '../../client/hash.js';
import type { FileHash } from '../../client/hash.js';
import { identifyFile } from '../../client/identify-file.js';
import { fileChanged, openInput, sameVersion } from '../../client/input-file.js';
import type { FileVersion, InputFile } from '../../client/input-file.js';
import { partialPath } from '../../client/output-path.js';
import { isErrno } from '../../client/place-file.js';
import { KvzError } from '../../protocol/errors.js';
import type { ClientKeeper } from './client-keeper.js';
import type { Disposal } from './disposal.js';
import type { WatchEvent } from './events.js';
import type { DoneRecord, Journal } from './journal.js';
import type { Outputs } from './outputs.js';
import { requestDigest } from './request-digest.js';

export interface FileWorkOptions {
    /** The watched folder, absolute. */
    root: string;
    request: EncodeRequest;
    clients: ClientKeeper;
    journal: Journal;
    outputs: Outputs;
    disposal: Disposal;
    signal: AbortSignal;
}

export type Outcome = 'done' | 'known' | 'gone';

type Tell = (event: WatchEvent) => void;

interface IdentifiedFile {
    input: InputFile;
    fileId: string;
    /** Not set when the journal knew the file. */
    hash: FileHash | undefined;
    services: EncodeServices;
    tell: Tell;
}

export class FileWork {
    readonly #options: FileWorkOptions;
    readonly #requestDigest: string;
    /** By file id: files of the same content are worked on one after the other. */
    readonly #turns = new Map<string, Promise<void>>();

    constructor(options: FileWorkOptions) {
        this.#options = options;
        this.#requestDigest = requestDigest(options.request);
    }

    /**
     * Encodes a file unless its content was encoded before, and does with it what is to be done.
     * @param path absolute
     * @param version as it rested
     * @throws KvzError
     */
    async run(path: string, version: FileVersion, tell: Tell): Promise<Outcome> {
        let input: InputFile;
        try {
            input = await openInput(path);
        } catch (error) {
            if (error instanceof KvzError && isErrno(error.cause, 'ENOENT')) return 'gone';
            throw error;
        }
        try {
            if (!sameVersion(input.version, version)) throw fileChanged(path);
            return await this.#withServices(async (services) => {
                const { fileId, hash } = await this.#identify(input, services, tell);
                const file = { input, fileId, hash, services, tell };
                return this.#inTurn(fileId, () => this.#handle(file));
            });
        } finally {
            await input.handle.close();
        }
    }

    /** @param paths of all files that are in the folder now, absolute */
    present(paths: readonly string[]): void {
        const { journal, root } = this.#options;
        journal.keepSeen(new Set(paths.map((path) => relative(root, path))));
    }

    /**
     * Remembers that a file cannot be encoded, where it could not be moved away.
     * @throws KvzError OUTPUT_UNWRITABLE
     */
    giveUp(path: string, version: FileVersion, { code, message }: KvzError): void {
        const { journal, root } = this.#options;
        const fileId = journal.idOf(relative(root, path), version);
        if (fileId === undefined) return;
        journal.failed({ fileId, request: this.#requestDigest, code, message });
    }

    /** A session that has given up is replaced for those who try again. */
    async #withServices<T>(work: (services: EncodeServices) => Promise<T>): Promise<T> {
        const { clients } = this.#options;
        const client = await clients.get();
        try {
            return await work(client.services);
        } catch (error) {
            const isLost = error instanceof KvzError && error.code === 'UNREACHABLE';
            if (isLost) await clients.drop(client);
            throw error;
        }
    }

    async #identify(
        input: InputFile,
        services: EncodeServices,
        tell: Tell,
    ): Promise<{ fileId: string; hash: FileHash | undefined }> {
        const { root, journal, signal } = this.#options;
        const path = relative(root, input.absolutePath);
        const known = journal.idOf(path, input.version);
        if (known !== undefined) return { fileId: known, hash: undefined };
        const hash = await identifyFile(input, services, tell, signal);
        journal.seen(path, input.version, hash.id);
        return { fileId: hash.id, hash };
    }

    async #inTurn<T>(fileId: string, work: () => Promise<T>): Promise<T> {
        const before = this.#turns.get(fileId);
        const result = (before ?? Promise.resolve()).then(work);
        const turn = result.then(
            () => undefined,
            () => undefined,
        );
        this.#turns.set(fileId, turn);
        try {
            return await result;
        } finally {
            if (this.#turns.get(fileId) === turn) this.#turns.delete(fileId);
        }
    }

    async #handle(file: IdentifiedFile): Promise<Outcome> {
        const { journal } = this.#options;
        const { input, fileId, tell } = file;
        if (journal.isOutput(fileId)) {
            tell({ event: 'known', fileId, reason: 'output' });
            return 'known';
        }
        const done = journal.doneWith(fileId, this.#requestDigest);
        if (done) {
            tell({ event: 'known', fileId, reason: 'done', output: done.output });
            await this.#dispose(input, done, tell);
            return 'known';
        }
        if (journal.failedWith(fileId, this.#requestDigest)) {
            tell({ event: 'known', fileId, reason: 'failed' });
            return 'known';
        }
        await this.#dispose(input, await this.#encode(file), tell);
        return 'done';
    }

    async #encode(file: IdentifiedFile): Promise<DoneRecord> {
        const { journal, outputs } = this.#options;
        const { input, fileId } = file;
        const request = this.#requestDigest;
        const begun = journal.begunWith(fileId, request);
        // Left when a watch was killed; one that fails removes it itself.
        if (begun) await rm(begun.partial, { force: true }).catch(() => undefined);
        let earlier = begun?.output;
        for (;;) {
            const output = await outputs.reserve(input.absolutePath, earlier);
            try {
                const partial = partialPath(output);
                journal.begun({ fileId, request, output, partial });
                return await this.#encodeTo(output, partial, file);
            } catch (error) {
                // Something else has got this name meanwhile.
                if (!(error instanceof KvzError) || error.code !== 'OUTPUT_EXISTS') throw error;
                earlier = undefined;
            } finally {
                outputs.release(output);
            }
        }
    }

    async #encodeTo(output: string, partial: string, file: IdentifiedFile): Promise<DoneRecord> {
        const { request, journal, signal } = this.#options;
        const { input, fileId, hash, services, tell } = file;
        let done: DoneEvent | undefined;
        await encodeFile({
            file: input,
            ...(hash ? { hash } : {}),
            output,
            partial,
            request,
            services,
            signal,
            emit: (event) => {
                if (event.event === 'done') done = event;
                else tell(event);
            },
        });
        if (!done) throw new KvzError('INTERNAL', `${output}: the encode ended without a result`);
        const record = journal.done({
            fileId,
            request: this.#requestDigest,
            output,
            outputBytes: done.outputBytes,
            outputId: await idOfResult(output, done.outputBytes, signal),
        });
        tell(done);
        return record;
    }

    async #dispose(input: InputFile, done: DoneRecord, tell: Tell): Promise<void> {
        const { disposal, signal } = this.#options;
        const { absolutePath, version } = input;
        const disposed = await disposal.done(absolutePath, version, done, signal);
        if (disposed) tell(disposed);
    }
}

/** Reads a result back. @throws KvzError OUTPUT_UNWRITABLE when it is not what was written */
async function idOfResult(path: string, sizeBytes: number, signal: AbortSignal): Promise<string> {
    const result = await openInput(path).catch((cause: unknown) => {
        throw new KvzError('OUTPUT_UNWRITABLE', `${path}: the result is gone`, { cause });
    });
    try {
        if (result.version.sizeBytes !== sizeBytes) {
            throw new KvzError('OUTPUT_UNWRITABLE', `${path}: the result has lost bytes`);
        }
        return (await hashFile(result, { signal })).id;
    } finally {
        await result.handle.close();
    }
}
