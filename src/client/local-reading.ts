/** Has a daemon of the same user on this machine read a file itself, where that goes. */
import { readLocalKey } from '../config/local-key.js';
import {
    LOCAL_PROOF_HEADER,
    LOCAL_SOURCE_HEADER,
    localProof,
    type LocalRequest,
    type LocalSource,
} from '../protocol/local-source.js';
import type { FileVersion, InputFile } from './input-file.js';

/** As many chunks in flight as keep the daemon busy; more would only wait there. */
export const LOCAL_CHUNKS_IN_FLIGHT = 2;

/** The key of a daemon, for as long as that is thought to read files by itself. */
export class LocalReading {
    readonly #dataDir: string;
    #key: Buffer | undefined;

    /** @param dataDir where the daemon keeps its key, if it is the one that is meant */
    constructor(dataDir: string) {
        this.#dataDir = dataDir;
        this.retry();
    }

    /** Undefined when the daemon is to be sent the bytes. */
    get key(): Buffer | undefined {
        return this.#key;
    }

    /** The daemon may be another one by now. */
    retry(): void {
        this.#key = readLocalKey(this.#dataDir);
    }

    /** The daemon does not read this file. With a key that is newer it is asked once more. */
    refused(key: Buffer): void {
        if (this.#key !== key) return;
        this.retry();
        if (this.#key?.equals(key)) this.#key = undefined;
    }
}

/**
 * The headers of a request for a chunk that has no body.
 * @param now the file as it is now
 */
export function localHeaders(
    key: Buffer,
    request: Omit<LocalRequest, 'source'>,
    file: InputFile,
    now: FileVersion,
): Record<string, string> {
    const said: LocalSource = {
        pid: process.pid,
        fd: file.handle.fd,
        device: String(now.device),
        inode: String(now.inode),
        size: now.sizeBytes,
        mtimeNs: String(now.mtimeNs),
    };
    const source = JSON.stringify(said);
    const proof = localProof(key, { ...request, source });
    return { [LOCAL_SOURCE_HEADER]: source, [LOCAL_PROOF_HEADER]: proof };
}
