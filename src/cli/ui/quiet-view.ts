/** `--progress none` and `--quiet`. */
import type { EncodeEvent, FileRef } from '../../client/events.js';
import { summaryLines } from './summary.js';
import { arrow } from './theme.js';
import type { EncodeView, ViewOptions } from './view.js';

/** Nothing but the summaries; with `quiet` nothing but the ids of jobs that go on. */
export class QuietView implements EncodeView {
    readonly #options: ViewOptions;

    constructor(options: ViewOptions) {
        this.#options = options;
    }

    event({ file }: FileRef, event: EncodeEvent): void {
        if (event.event === 'done' && !this.#options.quiet)
            summaryLines(file, event, arrow(this.#options.env)).forEach(this.#options.print);
        if (event.event === 'detached') this.#options.print(event.jobId);
    }

    notice(): void {
        // not asked for
    }

    async close(): Promise<void> {
        // nothing is held back
    }
}
