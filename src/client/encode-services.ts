/** What files that are encoded together share: connections, limits, and what is remembered. */
import PQueue from 'p-queue';
import type { EncodeServices } from './encode-request.js';
import { HashCache } from './hash-cache.js';
import { HttpClient } from './http.js';
import type { Patience } from './patience.js';
import type { Session } from './session.js';
import { tlsOptions } from '../config/tls-trust.js';

/** Hashing uses all cores by itself, and a disk reads one file faster than two. */
const HASHES_AT_ONCE = 1;
const UPLOADS_AT_ONCE = 2;
const DOWNLOADS_AT_ONCE = 2;

export interface ServicesOptions {
    cacheDir: string;
    patience: Patience;
    /** See {@link Access.localDataDir}. */
    localDataDir: string | undefined;
}

/** Whoever made them closes `http`. */
export function createServices(session: Session, options: ServicesOptions): EncodeServices {
    return {
        session,
        http: new HttpClient(session.server, session.token, tlsOptions(session.ca)),
        patience: options.patience,
        cache: new HashCache(options.cacheDir),
        localDataDir: options.localDataDir,
        hashing: new PQueue({ concurrency: HASHES_AT_ONCE }),
        uploading: new PQueue({ concurrency: UPLOADS_AT_ONCE }),
        downloading: new PQueue({ concurrency: DOWNLOADS_AT_ONCE }),
    };
}
