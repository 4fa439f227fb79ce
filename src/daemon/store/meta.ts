/** What the daemon notes about itself, by name. */
import { newId } from '../ids.js';
import type { Db } from './database.js';

/** An administrator's pause of the queue. */
export interface ManualPause {
    /** The administrator's name. */
    by: string;
    reason?: string;
    /** Milliseconds since the epoch. */
    since: number;
}

/**
 * `killed`: the process ended, but what it had written was still the operating system's to keep.
 * `system-down`: that may have gone, too, and what was not yet on the disk with it.
 */
export type LastEnd = 'in-order' | 'killed' | 'system-down';

/** What the daemon knows of itself beyond its restarts. */
export class Meta {
    readonly #db: Db;

    constructor(db: Db) {
        this.#db = db;
    }

    /**
     * Until {@link ended}.
     * @param boot which run of the operating system this is; undefined where that can't be told
     * @returns how the daemon before this one ended
     */
    begin(boot: string | undefined): LastEnd {
        const running = this.#get('running');
        this.#set('running', boot ?? '');
        if (running === undefined) return 'in-order';
        return boot !== undefined && running === boot ? 'killed' : 'system-down';
    }

    ended(): void {
        this.#set('running', undefined);
    }

    /** Writes something that changes nothing. @throws Error when the database cannot be written */
    tryWriting(): void {
        this.#set('tried', '');
    }

    /** Names the data folder, as long as there is its database. */
    get folderId(): string {
        const known = this.#get('folder');
        if (known !== undefined) return known;
        const id = newId();
        this.#set('folder', id);
        return id;
    }

    get pause(): ManualPause | undefined {
        const text = this.#get('pause');
        return text === undefined ? undefined : (JSON.parse(text) as ManualPause);
    }

    set pause(pause: ManualPause | undefined) {
        this.#set('pause', pause && JSON.stringify(pause));
    }

    #get(key: string): string | undefined {
        return this.#db
            .prepare<[string], string>('SELECT value FROM meta WHERE key = ?')
            .pluck()
            .get(key);
    }

    #set(key: string, value: string | undefined): void {
        if (value === undefined) this.#db.prepare('DELETE FROM meta WHERE key = ?').run(key);
        else
            this.#db
                .prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)')
                .run(key, value);
    }
}
