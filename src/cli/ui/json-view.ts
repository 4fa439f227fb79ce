import type { JSON_VERSION } from '../output/line-schemas.js';
import type { EncodeEvent, FileRef } from '../../client/events.js';
import type { EncodeView, ViewOptions } from './view.js';

/** See JSON_VERSION of output/line-schemas.ts, which is not loaded for this. */
const VERSION: typeof JSON_VERSION = 1;

/** One JSON object per line on stdout and nothing else there; notices go to stderr. */
export class JsonView implements EncodeView {
    readonly #options: ViewOptions;

    constructor(options: ViewOptions) {
        this.#options = options;
    }

    event({ file }: FileRef, event: EncodeEvent): void {
        if (event.event === 'notice') return this.notice(`${file}: ${event.message}`);
        const { event: kind, ...rest } = event;
        const time = new Date().toISOString();
        return this.#options.print(
            JSON.stringify({ event: kind, version: VERSION, time, file, ...rest }),
        );
    }

    notice(message: string): void {
        this.#options.say(message);
    }

    async close(): Promise<void> {
        // nothing is held back
    }
}
