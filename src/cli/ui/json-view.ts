/** `--json`: events as lines of JSON. */
import type { EncodeEvent, FileRef } from '../../client/events.js';
import { jsonLine } from './json-line.js';
import type { EncodeView, ViewOptions } from './view.js';

/** One JSON object per line on stdout and nothing else there; notices go to stderr. */
export class JsonView implements EncodeView {
    readonly #options: ViewOptions;

    constructor(options: ViewOptions) {
        this.#options = options;
    }

    event({ file }: FileRef, event: EncodeEvent): void {
        if (event.event === 'notice') return this.notice(`${file}: ${event.message}`);
        return this.#options.print(jsonLine(event, file));
    }

    notice(message: string): void {
        this.#options.say(message);
    }

    async close(): Promise<void> {
        // nothing is held back
    }
}
