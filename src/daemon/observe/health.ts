/** Whether the daemon can take work, for those who send it work or watch over it. */
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';

/** Anybody may ask, so looking is not done more often than this. */
const VALID_MS = 1_000;

export class Health {
    readonly #context: Context;
    #latest: { atMs: number; problems: Promise<string[]> } | undefined;

    constructor(context: Context) {
        this.#context = context;
    }

    /** Why the daemon should be given no work now, each in a few words; empty when it is ready. */
    async problems(): Promise<string[]> {
        if (this.#context.pause.current?.reason === 'stopping') return ['stopping'];
        const atMs = performance.now();
        if (!this.#latest || atMs - this.#latest.atMs > VALID_MS) {
            this.#latest = { atMs, problems: this.#look() };
        }
        return this.#latest.problems;
    }

    async #look(): Promise<string[]> {
        const { store, settings, folders, log } = this.#context;
        const problems: string[] = [];
        try {
            store.meta.tryWriting();
        } catch (error) {
            log.error({ err: error }, 'the database cannot be written');
            problems.push('the database cannot be written');
        }
        const free = await freeBytes(folders.root).catch(() => 0);
        if (free < settings.freeSpaceFloor) problems.push('too little disk is free');
        return problems;
    }
}
