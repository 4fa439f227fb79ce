/** What lets bytes pass or holds them, so that a test acts at a place in the stream that it chose. */
export class Gate {
    #isHeld = false;
    /** Bytes of bodies that may pass. */
    #budget = Number.POSITIVE_INFINITY;
    #spent: () => void = () => undefined;
    readonly #waiting = new Set<() => void>();

    /** Nothing passes, bodies or else, until the gate is opened. */
    hold(): void {
        this.#isHeld = true;
    }

    /** Everything passes. */
    open(): void {
        this.#isHeld = false;
        this.#budget = Number.POSITIVE_INFINITY;
        this.#wakeAll();
    }

    /** Lets `bytes` more bytes of bodies pass, then holds bodies. @returns when they have passed */
    async holdBodiesAfter(bytes: number): Promise<void> {
        this.#budget = bytes;
        this.#wakeAll();
        if (bytes > 0) await new Promise<void>((resolve) => (this.#spent = resolve));
    }

    /** Waits while everything is held. */
    async pass(): Promise<void> {
        while (this.#isHeld) await this.#change();
    }

    /** Waits until at least one byte of a body may pass. @returns how many of `wanted` may */
    async take(wanted: number): Promise<number> {
        while (this.#isHeld || this.#budget === 0) await this.#change();
        const taken = Math.min(wanted, this.#budget);
        this.#budget -= taken;
        return taken;
    }

    /** To be called when bytes that were taken have left. */
    passed(): void {
        if (this.#budget === 0) this.#spent();
    }

    async #change(): Promise<void> {
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }

    #wakeAll(): void {
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const wake of waiting) wake();
    }
}
