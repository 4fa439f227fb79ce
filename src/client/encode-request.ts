/** What one encode is asked for with, and what it works with. */
import type * as z from 'zod';
import type { RawFormat, optionsSchema } from '../protocol/messages.js';
import type { EncodeEvent } from './events.js';
import type { FileHash } from './hash.js';
import type { HashCache } from './hash-cache.js';
import type { HttpClient } from './http.js';
import type { InputFile } from './input-file.js';
import type { Patience } from './patience.js';
import type { Session } from './session.js';

/** What is asked for, the same for all files of one command. */
export interface EncodeRequest {
    options: z.input<typeof optionsSchema>;
    priority: number;
    /** Set for raw video. */
    raw?: RawFormat | undefined;
    failOnDuplicate: boolean;
    /** Replace an output that is there. */
    force: boolean;
    /** Be done when the upload is. */
    detach: boolean;
}

/** Lets so many do something at once; a PQueue, whose types an installation has not. */
export interface Lane {
    /** @throws the signal's reason, when it is aborted before its turn */
    add<T>(work: () => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
}

/** What the files of one command share. */
export interface EncodeServices {
    session: Session;
    http: HttpClient;
    patience: Patience;
    cache: HashCache;
    /** Data folder of the daemon, where it may read files itself. */
    localDataDir: string | undefined;
    /** Limits of how many files are in each phase at once. */
    hashing: Lane;
    uploading: Lane;
    downloading: Lane;
}

export interface EncodeTask {
    file: InputFile;
    /** Of the file as it is now, when it was computed already. */
    hash?: FileHash;
    /** Absolute path. */
    output: string;
    /** Where the result is written until it is whole, for callers that must know it before. */
    partial?: string;
    request: EncodeRequest;
    services: EncodeServices;
    /** Takes the result on from `output`, which is then a temporary file. */
    sink?: ((path: string) => Promise<void>) | undefined;
    emit: (event: EncodeEvent) => void;
    signal: AbortSignal;
    /** Aborted when the command is to leave once the file is at the daemon. */
    detaching?: AbortSignal;
}
