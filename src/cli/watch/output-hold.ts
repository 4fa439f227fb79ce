/** Nothing is begun while results cannot be written: the line stands still until they can. */
import { sleep } from '../../backoff.js';
import type { Outputs } from './outputs.js';

/** How often a disk that cannot be written to is looked at. */
const CHECK_MS = 2_000;

export interface OutputHoldOptions {
    outputs: Outputs;
    /** Ends the waiting without a word. */
    signal: AbortSignal;
    /** @param neededBytes that must be free; 0: not known */
    onHold: (problem: string, neededBytes: number) => void;
    /** Results can be written again. */
    onResume: () => void;
}

export class OutputHold {
    readonly #options: OutputHoldOptions;
    /** What must be free, bytes; undefined while nothing is held. */
    #neededBytes: number | undefined;

    constructor(options: OutputHoldOptions) {
        this.#options = options;
    }

    /**
     * Holds until the outputs can be written and `neededBytes` are free. Told once, however many
     * files ask for it meanwhile; the largest of them counts.
     * @param problem why they cannot be written
     */
    begin(problem: string, neededBytes: number): void {
        const isHeld = this.#neededBytes !== undefined;
        this.#neededBytes = Math.max(this.#neededBytes ?? 0, neededBytes);
        if (isHeld) return;
        this.#options.onHold(problem, neededBytes);
        void this.#wait();
    }

    async #wait(): Promise<void> {
        const { outputs, signal, onResume } = this.#options;
        try {
            while (this.#neededBytes !== undefined) {
                await sleep(CHECK_MS, signal);
                const problem = await outputs.problem(this.#neededBytes);
                if (problem === undefined) this.#neededBytes = undefined;
            }
            onResume();
        } catch {
            // The watch ends.
        }
    }
}
