/** Leaves that are not stored yet: how many there may be in memory at once. */
const MAX_LEAVES = 4;

/**
 * Lets those who receive run ahead of the one who stores, but not without end: whoever adds one
 * over the limit waits until there is room. Only whole leaves count, so a connection that hangs
 * takes no room from others.
 */
export class Backlog {
    #leaves = 0;
    #waiting: (() => void)[] = [];
    #beginning: (() => void)[] = [];

    /** Counts a leaf while `work` stores it. */
    async add(work: () => Promise<void>): Promise<void> {
        this.#leaves += 1;
        try {
            await work();
        } finally {
            this.#leaves -= 1;
            this.#waiting.shift()?.();
            // All of them: whoever is woken may have nothing to add any more.
            for (const wake of this.#beginning.splice(0)) wake();
        }
    }

    /**
     * Waits until there is room, and calls `begin` while there is: for those who need no memory
     * before that.
     */
    async whenRoom(begin: () => void): Promise<void> {
        while (this.#leaves >= MAX_LEAVES) {
            await new Promise<void>((resolve) => this.#beginning.push(resolve));
        }
        begin();
    }

    /** @returns undefined when there is room; otherwise what ends when some leaf has been stored */
    room(): Promise<void> | undefined {
        if (this.#leaves < MAX_LEAVES) return undefined;
        return new Promise((resolve) => this.#waiting.push(resolve));
    }
}
