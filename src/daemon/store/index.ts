/**
 * The store: the only module that knows SQL. Calls are synchronous and short; what belongs
 * together is one transaction.
 */
import { Audit } from './audit.js';
import { openDatabase, type Db } from './database.js';
import { Deliveries } from './deliveries.js';
import { Events } from './events.js';
import { Files } from './files.js';
import { Jobs } from './jobs.js';
import { Meta } from './meta.js';
import { Outbox } from './outbox.js';
import { Results } from './results.js';
import { Tokens } from './tokens.js';
import { Speeds } from './speeds.js';
import { Turns } from './turns.js';
import { Uploads } from './uploads.js';
import { Users } from './users.js';

export type { NameKind } from './audit.js';
export type { StoredEvent } from './events.js';
export type { SourceFile } from './files.js';
export type { JobRecord, NewJob } from './job-record.js';
export type { LastEnd, Meta } from './meta.js';
export type { PendingJob } from './speeds.js';
export { COMMAND, type JobFacts, type Notification } from './outbox.js';
export type { StoredResult } from './results.js';
export type { Upload, UploadedResult } from './upload-record.js';
export type { IssuedToken, Tokens, User } from './tokens.js';

export class Store {
    readonly users: Users;
    readonly tokens: Tokens;
    readonly files: Files;
    readonly uploads: Uploads;
    readonly results: Results;
    readonly deliveries: Deliveries;
    readonly outbox: Outbox;
    readonly events: Events;
    readonly jobs: Jobs;
    readonly turns: Turns;
    readonly speeds: Speeds;
    readonly meta: Meta;
    readonly audit: Audit;
    readonly #db: Db;

    readonly #readonly: boolean;

    /**
     * @param path the database file; ":memory:" for one that vanishes
     * @param options.readonly nothing can be changed; another process may have it open
     */
    constructor(path: string, { readonly = false } = {}) {
        this.#readonly = readonly;
        this.#db = openDatabase(path, readonly);
        this.users = new Users(this.#db);
        this.tokens = new Tokens(this.#db);
        this.files = new Files(this.#db);
        this.uploads = new Uploads(this.#db);
        this.results = new Results(this.#db);
        this.deliveries = new Deliveries(this.#db);
        this.outbox = new Outbox(this.#db);
        this.events = new Events(this.#db);
        this.jobs = new Jobs(this.#db, this.events, this.results, this.outbox);
        this.turns = new Turns(this.#db, this.events, this.jobs);
        this.speeds = new Speeds(this.#db);
        this.meta = new Meta(this.#db);
        this.audit = new Audit(this.#db);
    }

    /** Runs `work` as one transaction: all of its changes are kept, or, when it throws, none. */
    transaction<T>(work: () => T): T {
        return this.#db.transaction(work).immediate();
    }

    /** Differs from the last time when another process has written to the database meanwhile. */
    dataVersion(): number {
        return Number(this.#db.pragma('data_version', { simple: true }));
    }

    /** What SQLite finds wrong with its file, after reading all of it; undefined: nothing. */
    problem(): string | undefined {
        try {
            const found = String(this.#db.pragma('quick_check(1)', { simple: true }));
            return found === 'ok' ? undefined : found.replaceAll(/\s*\n\s*/g, ' ');
        } catch (error) {
            return (error as Error).message;
        }
    }

    /** Ends the use of the store in good order. */
    close(): void {
        if (!this.#readonly) this.meta.ended();
        this.#db.close();
    }
}
